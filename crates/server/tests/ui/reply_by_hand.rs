//! An answer whose bytes come from anywhere.
use axum::response::Response;
use tacebo_server::http::Reply;

fn leak(mut reply: Reply, response: Response) -> Reply {
    reply.0 = response;
    reply
}

fn main() {}
