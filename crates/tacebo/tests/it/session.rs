//! Somebody logged in to the console, as a browser is: by both steps, with a cookie that outlives the program.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;
use tacebo_identity::{FactorOffer, Secret};

use crate::http::{Answer, Client};

pub(crate) struct Session {
    cookie: String,
}

impl Session {
    /// Logs in somebody of the sample hospital.
    pub(crate) fn log_in(address: SocketAddr, data: &Path, login: &str) -> Self {
        let accounts: Value =
            serde_json::from_slice(&fs::read(data.join("custody/demo-accounts.json")).unwrap()).unwrap();
        let person = accounts["people"].as_array().unwrap().iter().find(|one| one["login"] == login).unwrap();
        let text = |name: &str| person[name].as_str().unwrap_or_else(|| panic!("no {name} of {login}")).to_owned();
        let mut session = Self { cookie: String::new() };
        session.send(address, "GET", "/login", "").unwrap();
        let first = form(&[("name", login), ("password", &text("password")), ("next", "/")]);
        assert_eq!(session.send(address, "POST", "/login", &first).unwrap().status, 303);
        let factor = FactorOffer { secret: Secret::new(text("totp_secret").replace(' ', "")), uri: Secret::new("") };
        let code = factor.code_at(jiff::Timestamp::now().as_microsecond()).unwrap();
        let second = form(&[("code", code.as_str()), ("next", "/")]);
        assert_eq!(session.send(address, "POST", "/login/code", &second).unwrap().status, 303);
        session
    }

    fn send(&mut self, address: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let answer = self.ask(address, method, path, body)?;
        for (name, value) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                let pair = value.split(';').next().unwrap_or_default();
                if !self.cookie.is_empty() {
                    self.cookie.push_str("; ");
                }
                self.cookie.push_str(pair);
            }
        }
        Ok(answer)
    }

    fn ask(&self, address: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("content-type", if method == "POST" { "application/x-www-form-urlencoded" } else { "" }),
            ("x-purpose-of-use", ""),
            ("sec-fetch-site", "same-origin"),
            ("user-agent", "test"),
        ];
        Client::connect(address, "", "")?.send(method, path, &headers, body.as_bytes())
    }

    pub(crate) fn get(&self, address: SocketAddr, path: &str) -> io::Result<Answer> {
        self.ask(address, "GET", path, "")
    }

    /// Where a form leads; the page where it leads nowhere.
    pub(crate) fn go(&self, address: SocketAddr, path: &str, body: &str) -> io::Result<String> {
        let answer = self.ask(address, "POST", path, body)?;
        Ok(answer.header("location").map_or_else(|| answer.text(), str::to_owned))
    }

    /// The status that a form is answered with.
    pub(crate) fn post(&self, address: SocketAddr, path: &str, body: &str) -> io::Result<u16> {
        self.ask(address, "POST", path, body).map(|answer| answer.status)
    }
}

/// A form's fields as a browser sends them.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}
