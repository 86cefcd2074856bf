//! Sort keys: bytes that compare as the values do, so that a page can continue from a sealed key.

use crate::tables::ParamKind;
use crate::values::text::fold;
use crate::walker::record::{Entries, Indexed};

use super::RecordMeta;

/// What to sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    Id,
    LastUpdated,
    Param(u16, ParamKind),
}

/// One part of `_sort`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortBy {
    pub(crate) by: By,
    pub(crate) descending: bool,
}

impl SortBy {
    /// Appends this part: a byte for presence (absent last in both directions), then the value.
    pub(crate) fn append(&self, out: &mut Vec<u8>, record: &[u8], meta: &RecordMeta<'_>) {
        let value = match &self.by {
            By::Id => Some(meta.id.as_bytes().to_vec()),
            By::LastUpdated => Some(instant(meta.last_updated_us)),
            By::Param(no, _) => {
                let keys = Entries::of(record).values(*no).filter_map(|v| key(&v, self.descending));
                // Several values: the least for ascending, the greatest for descending order.
                if self.descending { keys.max() } else { keys.min() }
            }
        };
        let Some(value) = value else {
            out.push(1);
            return;
        };
        out.push(0);
        let start = out.len();
        for b in value {
            out.push(b);
            if b == 0 {
                out.push(0xff);
            }
        }
        out.extend_from_slice(&[0, 0]);
        if self.descending {
            out.iter_mut().skip(start).for_each(|b| *b = !*b);
        }
    }
}

fn key(value: &Indexed<'_>, descending: bool) -> Option<Vec<u8>> {
    match value {
        Indexed::Token { code, .. } => Some(fold(code).into_owned().into_bytes()),
        Indexed::Text { normal, original } => original.map(|_| normal.as_bytes().to_vec()),
        Indexed::Reference { target, .. } => Some(target.as_bytes().to_vec()),
        Indexed::Uri(uri) => Some(uri.as_bytes().to_vec()),
        Indexed::Time(span) => Some(instant(if descending { span.to } else { span.from })),
        Indexed::Number { low, high } | Indexed::Quantity { low, high, .. } => {
            let first = if descending { high.or(*low) } else { low.or(*high) };
            first.map(super::super::values::decimal::Decimal::sort_bytes)
        }
        _ => None,
    }
}

/// Order-preserving bytes of a signed number.
fn instant(us: i64) -> Vec<u8> {
    (us.cast_unsigned() ^ (1 << 63)).to_be_bytes().to_vec()
}
