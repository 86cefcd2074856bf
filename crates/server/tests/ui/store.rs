//! A second way to what is kept.
use tacebo_store::Store;

fn main() {
    let _ = Store::open;
}
