//! A form with a file: multipart/form-data (RFC 7578), as browsers send it.
//!
//! Our own reader, for one body that is complete in memory: the known libraries read a stream and link every old encoding.

/// A file as it was uploaded.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct File {
    /// As the person's computer calls it.
    pub name: String,
    pub content: Vec<u8>,
}

/// The fields of a form, and its file.
pub(crate) type Form = (Vec<(String, String)>, Option<File>);

/// The most parts that are read.
const MOST_PARTS: usize = 50;

/// The fields and the file of a body; None if it is not what `content_type` says.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Option<Form> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| (1..=70).contains(&boundary.len()))?;
    let delimiter = format!("\r\n--{boundary}");
    let (mut fields, mut file) = (Vec::new(), None);
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..])?;
    for _ in 0..MOST_PARTS {
        let Some(part) = rest.strip_prefix(b"\r\n") else { break };
        let end = find(part, delimiter.as_bytes())?;
        let (head, content) = split(&part[..end])?;
        rest = &part[end + delimiter.len()..];
        let disposition = disposition(&head)?;
        let name = parameter(disposition, "name")?;
        match parameter(disposition, "filename") {
            Some(file_name) => file = Some(File { name: file_name, content: content.to_vec() }),
            None => fields.push((name, String::from_utf8_lossy(content).into_owned())),
        }
    }
    Some((fields, file.filter(|file| !file.name.is_empty() || !file.content.is_empty())))
}

/// The headers and the content of a part.
fn split(part: &[u8]) -> Option<(String, &[u8])> {
    let end = find(part, b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&part[..end]).into_owned(), &part[end + 4..]))
}

fn disposition(head: &str) -> Option<&str> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"));
    values.next().map(|(_, value)| value)
}

/// The value of a header's parameter, without its quotation marks. Browsers write a quotation mark in it as `%22`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let parameters = header.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let mut values = parameters.filter(|(found, _)| found.trim().eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &str = "multipart/form-data; boundary=----x7";

    fn body(content: &str) -> Vec<u8> {
        format!(
            "------x7\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc\r\n------x7\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"thang 11.csv\"\r\nContent-Type: text/csv\r\n\r\n\
             {content}\r\n------x7--\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn a_form_with_a_file_is_read() {
        let (fields, file) = read(TYPE, &body("a;b\r\n1;2\r\n")).unwrap();
        assert_eq!(fields, [("token".to_owned(), "abc".to_owned())]);
        let file = file.unwrap();
        assert_eq!((file.name.as_str(), file.content.as_slice()), ("thang 11.csv", b"a;b\r\n1;2\r\n".as_slice()));
    }

    #[test]
    fn a_form_in_which_no_file_was_chosen_has_none() {
        let empty = String::from_utf8(body("")).unwrap().replace("thang 11.csv", "");
        let (fields, file) = read(TYPE, empty.as_bytes()).unwrap();
        assert!(fields.len() == 1 && file.is_none());
    }

    #[test]
    fn a_broken_body_is_none() {
        let whole = body("a");
        for broken in [&whole[..whole.len() / 2], b"", b"------x8\r\n\r\n"] {
            assert!(read(TYPE, broken).is_none());
        }
        assert!(read("multipart/form-data", &whole).is_none(), "no boundary");
    }

    proptest! {
        #[test]
        fn whatever_a_file_holds_is_read_back(content in prop::collection::vec(any::<u8>(), 0..200)) {
            let (before, after) = (body("|"), b"|");
            let at = find(&before, after).unwrap();
            let whole = [&before[..at], &content, &before[at + 1..]].concat();
            prop_assert_eq!(read(TYPE, &whole).unwrap().1.unwrap().content, content);
        }

        #[test]
        fn no_body_breaks_it(header in "\\PC{0,60}", body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read(&header, &body), read(TYPE, &[b"------x7", body.as_slice()].concat()));
        }
    }
}
