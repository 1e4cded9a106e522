//! The files of the page, in this binary.

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

struct File {
    path: &'static str,
    kind: &'static str,
    content: &'static str,
}

macro_rules! file {
    ($path:expr, $kind:expr, $name:literal) => {
        File { path: $path, kind: $kind, content: include_str!(concat!("../../phones/", $name)) }
    };
}

macro_rules! script {
    ($name:literal) => {
        file!(concat!("/", $name), JAVASCRIPT, $name)
    };
}

const FILES: [File; 20] = [
    file!("/", HTML, "index.html"),
    file!("/style.css", CSS, "style.css"),
    script!("dom.js"),
    script!("dots.js"),
    script!("evening.js"),
    script!("faults.js"),
    script!("journey.js"),
    script!("language.js"),
    script!("layout.js"),
    script!("map.js"),
    script!("messages.js"),
    script!("news.js"),
    script!("page.js"),
    script!("phones.js"),
    script!("push.js"),
    script!("reasons.js"),
    script!("server.js"),
    script!("spelling.js"),
    script!("steps.js"),
    script!("words.js"),
];

pub(super) async fn serve(request: Request) -> Response {
    let file = FILES.iter().find(|file| file.path == request.uri().path());
    match file {
        Some(file) if request.method() == Method::GET => ([(CONTENT_TYPE, file.kind)], file.content).into_response(),
        Some(_) => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/phones");
        let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let there: BTreeSet<String> = names.map(|name| name.replace("index.html", "")).collect();
        let served: BTreeSet<String> = FILES.iter().map(|file| file.path[1..].to_owned()).collect();
        assert_eq!(there, served);
    }

    /// The page may come from a machine without the internet, and its security policy permits nothing else.
    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        for file in &FILES {
            let allowed = file.content.replace("http://www.w3.org/2000/svg", "");
            assert!(!allowed.contains("http://") && !allowed.contains("https://"), "{}", file.path);
            assert!(!file.content.contains("innerHTML ="), "{}", file.path);
        }
    }
}
