//! A browser without scripts: cookies, links, forms.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    /// The page without its markup, for a test that fails.
    fn words(&self) -> String {
        let mut words = String::new();
        for part in self.text.split('<') {
            words.push_str(part.split_once('>').map_or(part, |(_, text)| text));
            words.push(' ');
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{:?} {}", self.headers.get("location"), self.words());
        self
    }

    #[track_caller]
    pub(crate) fn shows(&self, words: &str) -> &Self {
        assert!(self.text.contains(words), "no {words:?} in {}", self.words());
        self
    }

    #[track_caller]
    pub(crate) fn hides(&self, words: &str) -> &Self {
        assert!(!self.text.contains(words), "{words:?} in {}", self.words());
        self
    }

    #[track_caller]
    pub(crate) fn goes_to(&self, path: &str) -> &Self {
        self.is(303);
        let to = self.header("location");
        assert!(to == path || to.starts_with(&format!("{path}?")), "{to} is not {path}");
        self
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The first address in the page that begins so, as it stands in a link.
    #[track_caller]
    pub(crate) fn link(&self, begins: &str) -> String {
        let mark = format!("\"{begins}");
        let at = self.text.find(&mark).unwrap_or_else(|| panic!("no {begins} in {}", self.text)) + 1;
        self.text[at..].split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
    }

    /// The value of a hidden field.
    #[track_caller]
    pub(crate) fn hidden(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let at = self.text.find(&mark).unwrap_or_else(|| panic!("no {name} in {}", self.text)) + mark.len();
        self.text[at..].split('"').next().unwrap().to_owned()
    }

    /// The text of an element found by what stands before it.
    #[track_caller]
    pub(crate) fn after(&self, mark: &str) -> String {
        let at = self.text.find(mark).unwrap_or_else(|| panic!("no {mark} in {}", self.text)) + mark.len();
        self.text[at..].split('<').next().unwrap().to_owned()
    }
}

/// A browser with its cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(router: &Router) -> Self {
        Self { router: router.clone(), cookies: BTreeMap::from([("lang".to_owned(), "en".to_owned())]) }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, String::new(), &[]).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        self.send(Method::POST, path, encoded(form), &[("sec-fetch-site", "same-origin")]).await
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, body: String, headers: &[(&str, &str)]) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("user-agent", "test")
            .header("accept", "text/html")
            .header("cookie", cookies.join("; "));
        if !body.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let (pair, rest) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, text }
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(form);
    out.finish()
}
