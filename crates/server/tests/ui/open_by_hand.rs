//! Any bytes passed off as bytes that speak of nobody.
use tacebo_server::http::Open;

fn leak(mut open: Open, document: String) -> Open {
    open.bytes = document.into();
    open
}

fn main() {}
