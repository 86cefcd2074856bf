//! An answer whose bytes come from anywhere.
use tacebo_server::http::Reply;

fn main() {
    let _ = Reply(axum::response::Response::new(axum::body::Body::from("a patient")));
}
