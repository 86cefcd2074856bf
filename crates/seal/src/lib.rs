//! Keys and sealed bytes: custody, envelope, AEAD, blind terms, shredding.
