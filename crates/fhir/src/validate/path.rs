//! Where the validator is, kept on its stack; written out only when something is wrong.

use std::fmt;

/// A place in a resource.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    Root(&'a str),
    Property(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Property(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}
