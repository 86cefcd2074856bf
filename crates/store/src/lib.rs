//! One shape at rest: documents, terms, keys and the log in one durable commit.
