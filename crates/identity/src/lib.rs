//! Accounts, factors, sessions, client tokens.
