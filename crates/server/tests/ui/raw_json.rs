//! A handler that answers with raw JSON.
use http::Method;
use tacebo_server::http::{Exposure, Route};

fn main() {
    let _ = Route::new(Method::GET, "/leak", Exposure::Public("no"), |_, _| async {
        axum::Json(serde_json::json!({ "name": "a patient" }))
    });
}
