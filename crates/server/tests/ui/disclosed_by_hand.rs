//! A disclosure of something other than what was decided and logged.
use tacebo_vault::Disclosed;

fn forge(mut disclosed: Disclosed<String>) -> Disclosed<String> {
    disclosed.value = "another patient".into();
    disclosed
}

fn main() {}
