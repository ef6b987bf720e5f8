//! Recordings and looks made by hand, with answers that are known exactly.
#![cfg(test)]
#[path = "report/arbitrary.rs"]
mod arbitrary;
#[path = "report/collections.rs"]
mod collections;
#[path = "report/doubt.rs"]
mod doubt;
#[path = "report/dump.rs"]
mod dump;
#[path = "report/facts.rs"]
mod facts;
#[path = "report/flames.rs"]
mod flames;
#[path = "report/golden.rs"]
mod golden;
#[path = "report/hour.rs"]
mod hour;
#[path = "report/perfetto.rs"]
mod perfetto;
#[path = "report/perfetto_fields.rs"]
mod perfetto_fields;
#[path = "report/pools.rs"]
mod pools;
#[path = "report/schema.rs"]
mod schema;
#[path = "report/waits.rs"]
mod waits;
#[path = "report/world.rs"]
mod world;
