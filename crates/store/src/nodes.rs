//! The nodes over one database: who they are, what they have heard, what one of them does for all.
//!
//! Over a folder there is one program, and all of this costs nothing.

use std::time::Duration;

use crate::{News, PartNo, Store, StoreError, postgres, store::Engine};

/// One node as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// What people call it.
    pub name: String,
    /// Whether it is this one.
    pub own: bool,
    /// How long ago it began.
    pub age: Duration,
    /// How long ago it was last heard of.
    pub silent: Duration,
    /// Whether it was heard of within its term.
    pub lives: bool,
    /// The last news that it has done with: nothing older is in its memory.
    pub seen: u64,
}

/// How far the others have followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// Nodes that have done with the news, this one included.
    pub by: u32,
    /// Nodes whose term is over: they have forgotten all keys and answer nothing.
    pub silent: u32,
    /// Nodes that live and have not done with it yet.
    pub waiting: u32,
}

impl Store {
    /// Whether others may write to what this store holds.
    pub fn is_shared(&self) -> bool {
        matches!(self.engine(), Engine::Postgres(_))
    }

    /// What other nodes did after news `after`. One question to the server; nothing over a folder.
    pub fn news(&self, part: PartNo, after: u64) -> Result<News, StoreError> {
        match self.engine() {
            _ if self.is_poisoned() => Err(StoreError::Poisoned),
            Engine::Folder { .. } => Ok(News::default()),
            Engine::Postgres(server) => postgres::news(server, part, after),
        }
    }

    /// Tells the others at the next beat that nothing older than news `seq` is in this node's memory.
    pub fn acknowledge(&self, seq: u64) {
        if let Engine::Postgres(server) = self.engine() {
            server.own.acknowledge(seq);
        }
    }

    /// Whether the database was not reached for this node's term: the others take it for gone.
    pub fn is_cut_off(&self) -> bool {
        match self.engine() {
            Engine::Folder { .. } => false,
            Engine::Postgres(server) => server.own.is_cut_off(),
        }
    }

    /// Every node of a part that the database knows of, the oldest first. None over a folder.
    pub fn nodes(&self, part: PartNo) -> Result<Vec<NodeRow>, StoreError> {
        match self.engine() {
            Engine::Folder { .. } => Ok(Vec::new()),
            Engine::Postgres(server) => postgres::nodes(server, part),
        }
    }

    /// Takes this node's row and claims out: it answers nobody any more.
    pub fn leave(&self, part: PartNo) -> Result<(), StoreError> {
        match self.engine() {
            Engine::Folder { .. } => Ok(()),
            Engine::Postgres(server) => postgres::leave(server, part),
        }
    }

    /// How far the nodes have followed to news `seq`. A node counts as silent a while after its term is over, so that it has
    /// had the time to forget.
    pub fn acknowledged(&self, part: PartNo, seq: u64) -> Result<Acknowledged, StoreError> {
        let mut sum = Acknowledged::default();
        for node in self.nodes(part)? {
            if node.own || node.seen >= seq && node.lives {
                sum.by += 1;
            } else if node.lives {
                sum.waiting += 1;
            } else {
                sum.silent += 1;
            }
        }
        Ok(sum)
    }

    /// Takes or renews the right to do something for all nodes, for `term` by the server's clock; false while another has it.
    /// A change that names the claim is committed only while it is this node's. Always granted over a folder.
    pub fn claim(&self, part: PartNo, name: &str, term: Duration) -> Result<bool, StoreError> {
        match self.engine() {
            Engine::Folder { .. } => Ok(true),
            Engine::Postgres(server) => postgres::claim(server, part, name, term),
        }
    }

    /// Gives such a right back.
    pub fn release(&self, part: PartNo, name: &str) -> Result<(), StoreError> {
        match self.engine() {
            Engine::Folder { .. } => Ok(()),
            Engine::Postgres(server) => postgres::release(server, part, name),
        }
    }
}
