//! Merkle log, checkpoints, proofs, offline verifier.
