//! The page for people: one HTML file with its style inside, no script, and nothing loaded from elsewhere.

use std::fmt::Write;

use pulldown_cmark::{Parser, html};
use serde_json::{Map, Value};

const STYLE: &str = include_str!("page.css");

pub fn of(document: &Value) -> String {
    let page = Page { document };
    let mut operations = String::new();
    for (path, method, operation) in page.operations() {
        operations += &page.operation(path, method, operation);
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body><h1>{title}</h1>{description}<p><a href=\"openapi.json\">openapi.json</a> is the same for machines.</p>\n\
         <nav><ul>{contents}</ul></nav>\n{operations}<h2 id=\"signatures\">Signatures and credentials</h2>{security}</body></html>\n",
        title = escaped(text(document, "/info/title")),
        description = prose(text(document, "/info/description")),
        contents = page.contents(),
        security = page.security_schemes(),
    )
}

struct Page<'a> {
    document: &'a Value,
}

impl<'a> Page<'a> {
    fn operations(&self) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
        members(&self.document["paths"]).flat_map(|(path, methods)| {
            let methods = members(methods).filter(|(method, _)| matches!(*method, "get" | "post"));
            methods.map(move |(method, operation)| (path, method, operation))
        })
    }

    fn contents(&self) -> String {
        self.operations()
            .map(|(path, method, operation)| {
                let (id, summary) = (text(operation, "/operationId"), escaped(text(operation, "/summary")));
                format!("<li><a href=\"#{id}\"><b>{}</b> {path}</a> {summary}</li>", method.to_uppercase())
            })
            .collect()
    }

    fn operation(&self, path: &str, method: &str, operation: &'a Value) -> String {
        let mut section = format!(
            "<section><h2 id=\"{}\"><b>{}</b> {path}</h2><p class=\"summary\">{}</p>{}",
            text(operation, "/operationId"),
            method.to_uppercase(),
            escaped(text(operation, "/summary")),
            prose(text(operation, "/description")),
        );
        let shared = self.document["paths"][path]["parameters"].as_array().into_iter().flatten();
        let parameters: Vec<_> = shared.chain(operation["parameters"].as_array().into_iter().flatten()).collect();
        if !parameters.is_empty() {
            section += &self.parameters(&parameters);
        }
        for (kind, content) in members(&operation["requestBody"]["content"]) {
            let _ = write!(section, "<h3>Body <code>{kind}</code></h3>{}", self.schema(&content["schema"]));
            section += &examples(content);
        }
        section += &self.answers(operation);
        section + "</section>\n"
    }

    fn parameters(&self, parameters: &[&Value]) -> String {
        let rows: String = parameters
            .iter()
            .map(|parameter| {
                let first = || members(&parameter["examples"]).next().map(|(_, example)| &example["value"]);
                let example = parameter.get("example").or_else(first);
                format!(
                    "<tr><td><code>{}</code><td>{}<td>{}<td><code>{}</code></tr>",
                    text(parameter, "/name"),
                    text(parameter, "/in"),
                    prose(self.description(parameter)),
                    escaped(example.and_then(Value::as_str).unwrap_or_default()),
                )
            })
            .collect();
        format!("<h3>Parameters</h3><table><tr><th>Name<th>In<th>Meaning<th>Example</tr>{rows}</table>")
    }

    fn answers(&self, operation: &'a Value) -> String {
        let mut answers = "<h3>Answers</h3>".to_owned();
        for (status, answer) in members(&operation["responses"]) {
            let answer = self.resolved(answer);
            let _ = write!(answers, "<h4>{status}</h4>{}", prose(text(answer, "/description")));
            for (name, header) in members(&answer["headers"]) {
                let _ = write!(answers, "<p>Header <code>{name}</code></p>{}", prose(text(header, "/description")));
            }
            for (kind, content) in members(&answer["content"]) {
                let _ = write!(answers, "<p><code>{kind}</code></p>");
                if status == "200" {
                    answers += &self.schema(&content["schema"]);
                }
                answers += &examples(content);
            }
        }
        answers
    }

    /// An object's fields as a table; for an array or a choice, the fields of its items or of its first alternative.
    fn schema(&self, schema: &'a Value) -> String {
        let schema = self.resolved(schema);
        if let Some(choice) = schema.pointer("/oneOf/0") {
            return self.schema(choice);
        }
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut nested = String::new();
        let rows: String = members(&schema["properties"])
            .map(|(name, field)| {
                let resolved = self.resolved(field);
                nested += &resolved.get("items").map(|items| self.schema(items)).unwrap_or_default();
                if resolved.get("properties").or(resolved.get("oneOf")).is_some() {
                    nested += &self.schema(resolved);
                }
                let must = if required.contains(&name) { "required" } else { "" };
                let kind = kind(resolved);
                format!("<tr><td><code>{name}</code><td>{must}<td>{kind}<td>{}</tr>", prose(self.description(field)))
            })
            .collect();
        let table = format!("<table><tr><th>Field<th><th>Kind<th>Meaning</tr>{rows}</table>");
        if rows.is_empty() { nested } else { table + &nested }
    }

    fn security_schemes(&self) -> String {
        members(&self.document["components"]["securitySchemes"])
            .map(|(name, scheme)| {
                let example: String = members(&scheme["x-example"])
                    .map(|(part, value)| format!("{part}: {}\n", value.as_str().unwrap_or_default()))
                    .collect();
                let example = if example.is_empty() { example } else { pre(&example) };
                let place = scheme.get("name").map(|at| format!(" <code>{}</code>", at.as_str().unwrap_or_default()));
                let description = prose(text(scheme, "/description"));
                format!("<h3>{name}{}</h3>{description}{example}", place.unwrap_or_default())
            })
            .collect()
    }

    /// The target of a `$ref`.
    fn resolved(&self, value: &'a Value) -> &'a Value {
        let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        target.map_or(value, |target| self.document.pointer(target).unwrap_or_else(|| panic!("{target} is not there")))
    }

    /// Its own description, or else that of the `$ref`'s target.
    fn description(&self, value: &'a Value) -> &'a str {
        let own = value.get("description").or_else(|| self.resolved(value).get("description"));
        let described = own.or_else(|| self.resolved(value.get("schema")?).get("description"));
        described.and_then(Value::as_str).unwrap_or_default()
    }
}

/// `text, null, up to 200 characters`
fn kind(schema: &Value) -> String {
    let mut words: Vec<String> = match &schema["type"] {
        Value::String(kind) => vec![kind.clone()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    words.extend(schema["enum"].as_array().into_iter().flatten().map(Value::to_string));
    words.extend(schema["format"].as_str().map(|format| format!("a {format}")));
    words.extend(schema["maxLength"].as_u64().map(|most| format!("up to {most} characters")));
    words.extend(schema["minimum"].as_u64().map(|least| format!("at least {least}")));
    escaped(&words.join(", "))
}

fn examples(content: &Value) -> String {
    members(&content["examples"])
        .map(|(name, example)| {
            let said = example.get("summary").and_then(Value::as_str).map(|said| format!(": {said}"));
            let description = prose(text(example, "/description"));
            let value = match &example["value"] {
                Value::String(plain) if content.pointer("/schema/oneOf").is_none() => plain.clone(),
                value => serde_json::to_string_pretty(value).unwrap_or_default(),
            };
            let said = escaped(&said.unwrap_or_default());
            format!("<p class=\"example\"><code>{name}</code>{said}</p>{description}{}", pre(&value))
        })
        .collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn pre(text: &str) -> String {
    format!("<pre>{}</pre>", escaped(text.trim_end()))
}

fn prose(markdown: &str) -> String {
    let mut made = String::new();
    html::push_html(&mut made, Parser::new(markdown));
    made
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
