//! Labels, purposes, relations, consent, Cedar: an ask becomes a Permit or a Refusal.
