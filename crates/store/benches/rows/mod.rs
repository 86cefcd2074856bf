//! Rows of the size that sealed ones have.

use tacebo_store::{Category, DocumentWrite, EntryWrite, Hash, IdTerm, PartNo, SubjectNo, Term};

pub(crate) const PART: PartNo = PartNo(1);
pub(crate) const BODY: usize = 1024;
pub(crate) const INDEX: usize = 160;
const SEALED_ENTRY: usize = 300;

/// Bytes that spread over the key space as random ids do.
pub(crate) fn scatter<const N: usize>(n: u64) -> [u8; N] {
    let mut out = [0; N];
    for (i, chunk) in (0..).zip(out.chunks_mut(8)) {
        let x = (n ^ (i << 60)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&x.to_be_bytes()[..chunk.len()]);
    }
    out
}

pub(crate) fn document(n: u64) -> DocumentWrite {
    DocumentWrite {
        kind: "Observation".to_owned(),
        id: IdTerm(scatter(n)),
        subject: Some(SubjectNo(n / 700 + 1)),
        category: Category(1),
        version: 1,
        deleted: false,
        index: vec![7; INDEX],
        body: vec![8; BODY],
        terms: Vec::<Term>::new(),
    }
}

pub(crate) fn entry(n: u64) -> EntryWrite {
    EntryWrite {
        eid: scatter(n),
        subject: Some(SubjectNo(n / 700 + 1)),
        actor: n % 50,
        class: 1,
        commitment: Hash([9; 32]),
        sealed: vec![6; SEALED_ENTRY],
    }
}
