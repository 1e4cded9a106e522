//! Escapes a text for the formats that gateways accept.

/// Inside an XML element or attribute. Characters that XML 1.0 cannot hold at all are left out.
pub(super) fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // An XML parser reads a bare carriage return as a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => escaped.push(letter),
            _ => {}
        }
    }
    escaped
}

/// Inside a JSON string, without its quotation marks.
pub(super) fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_has_a_meaning_is_escaped_and_what_cannot_be_is_left_out() {
        assert_eq!(
            xml("Hồ <sơ> & \"quý\" 'ông'\u{0}\u{b}\u{fffe}😀\n"),
            "Hồ &lt;sơ&gt; &amp; &quot;quý&quot; &apos;ông&apos;😀\n"
        );
        assert_eq!(json("Hồ \"sơ\"\\\n"), "Hồ \\\"sơ\\\"\\\\\\n");
    }

    proptest! {
        #[test]
        fn no_text_gets_out_of_its_place(text in any::<String>()) {
            let escaped = xml(&text);
            prop_assert_eq!(escaped.find(['<', '>', '"', '\'', '\u{0}']), None);
            let quoted = format!("\"{}\"", json(&text));
            prop_assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
        }
    }
}
