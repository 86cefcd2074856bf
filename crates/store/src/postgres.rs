//! The engine over a PostgreSQL server: for a house that has one, and for several nodes over one house.
//!
//! Reads take the statements that SQLite takes. Writes are set-based: a group of changes is three round trips however many
//! rows it has. The row of a part in `part_state` is locked by whoever commits to it, over all nodes: that is what keeps one
//! order of the log without a leader.

mod columns;
mod draft;
mod failure;
mod fence;
mod group;
mod integrity;
mod lent;
mod link;
mod load;
mod nodes;
#[cfg(test)]
mod plans;
mod rows;
mod schema;
mod server;
mod settle;
pub(crate) mod sql;
mod standbys;
mod tls;
mod together;
mod value;
mod wanted;
mod writer;

pub(crate) use failure::is_damage;
pub(crate) use integrity::integrity;
pub(crate) use lent::Lent;
pub(crate) use load::ServerLoader;
pub(crate) use nodes::{claim, leave, news, nodes, release};
pub(crate) use schema::{bring_up_by_hand, pending, present};
pub(crate) use server::Server;
pub(crate) use standbys::standbys;
pub(crate) use value::Int;
pub(crate) use writer::ServerWriter;
