//! Reads a pasted request: as HTTP, as a URL with headers below, or as a curl
//! command.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::shell;
use crate::gateway::decode::{self, Pair};
use crate::gateway::signature::Received;

/// A request as it was pasted.
#[derive(Debug, Default)]
pub(crate) struct Pasted {
    method: String,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
    query: Vec<Pair>,
    parameters: Vec<Pair>,
}

/// Reads it; an error says what cannot be read and what to paste instead.
pub(crate) fn read(text: &str) -> Result<Pasted, String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_matches('\n').trim_start();
    if text.is_empty() {
        return Err("Paste a request first.".to_owned());
    }
    let mut pasted = Pasted::default();
    let target = if text == "curl" || text.starts_with("curl ") {
        pasted.take_curl(text)?
    } else {
        pasted.take_http(text)?
    };
    pasted.take_target(&target)?;
    pasted.take_parameters()?;
    Ok(pasted)
}

impl Pasted {
    /// The request as the gateway sees one.
    pub(crate) fn received(&self) -> Received<'_> {
        Received {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            parameters: &self.parameters,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// A request line, header lines, an empty line, the body. Gives the target.
    fn take_http(&mut self, text: &str) -> Result<String, String> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let words: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
        let (method, target) = match words.as_slice() {
            [target] => ("GET", *target),
            [method, target] | [method, target, _] => (*method, *target),
            _ => return Err(first_line()),
        };
        if !method.chars().all(|c| c.is_ascii_alphabetic()) {
            return Err(first_line());
        }
        self.method = method.to_ascii_uppercase();
        lines.try_for_each(|line| self.take_header(line))?;
        self.body = body.as_bytes().to_vec();
        Ok(target.to_owned())
    }

    /// A curl command. Gives the target.
    fn take_curl(&mut self, text: &str) -> Result<String, String> {
        let mut words = shell::words(text)?.into_iter().skip(1);
        let (mut method, mut target, mut data) = (None, None, Vec::new());
        while let Some(word) = words.next() {
            let (option, joined) = split_option(&word);
            let mut value = || {
                let missing = || format!("There is nothing after {option}.");
                joined.clone().or_else(|| words.next()).ok_or_else(missing)
            };
            match option.as_str() {
                "-X" | "--request" => method = Some(value()?),
                "-H" | "--header" => self.take_header(&value()?)?,
                "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" => {
                    data.push(value()?);
                }
                "--url" => target = Some(value()?),
                "-o" | "-u" | "-A" | "--output" | "--max-time" | "-m" | "-w" => drop(value()?),
                other if other.starts_with('-') => {}
                other => target = Some(other.to_owned()),
            }
        }
        if !data.is_empty() && !self.headers.contains_key("content-type") {
            self.take_header("content-type: application/x-www-form-urlencoded")?;
        }
        let usual = if data.is_empty() { "GET" } else { "POST" };
        self.method = method.unwrap_or_else(|| usual.to_owned()).to_ascii_uppercase();
        self.body = data.join("&").into_bytes();
        target.ok_or_else(|| "There is no URL in the curl command.".to_owned())
    }

    fn take_header(&mut self, line: &str) -> Result<(), String> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let wrong = || format!("{line:?} is not a header. Write name: value.");
        let (name, value) = line.split_once(':').ok_or_else(wrong)?;
        let name = name.trim().parse::<HeaderName>().map_err(|_| wrong())?;
        let value = HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| wrong())?;
        self.headers.append(name, value);
        Ok(())
    }

    /// `http://host/path?query` or `/path?query`.
    fn take_target(&mut self, target: &str) -> Result<(), String> {
        let after_scheme = target.split_once("://").map(|(_, rest)| rest);
        let (host, rest) = match after_scheme {
            Some(rest) => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                (Some(&rest[..end]), &rest[end..])
            }
            None => (None, target),
        };
        if let Some(host) = host
            && !self.headers.contains_key("host")
        {
            self.take_header(&format!("host: {host}"))?;
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !path.is_empty() && !path.starts_with('/') {
            return Err(first_line());
        }
        self.path = if path.is_empty() { "/" } else { path }.to_owned();
        self.query = decode::query(query).map_err(|fault| fault.to_string())?;
        Ok(())
    }

    /// Query and body together, as the gateway reads them.
    fn take_parameters(&mut self) -> Result<(), String> {
        let kind = self.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        let in_body = if kind.starts_with("application/x-www-form-urlencoded") {
            decode::form(&self.body)
        } else if kind.starts_with("application/json") {
            decode::json(&self.body)
        } else {
            Ok(Vec::new())
        };
        let in_body = in_body.map_err(|fault| fault.to_string())?;
        let merged = decode::merge(self.query.clone(), in_body);
        self.parameters = merged.map_err(|fault| fault.to_string())?;
        Ok(())
    }
}

fn first_line() -> String {
    "The first line cannot be read. Begin with POST /?… , with a URL, or with curl.".to_owned()
}

/// `--header=value` and `-Hvalue` as option and value.
fn split_option(word: &str) -> (String, Option<String>) {
    if word.starts_with("--")
        && let Some((option, value)) = word.split_once('=')
    {
        return (option.to_owned(), Some(value.to_owned()));
    }
    let takes_value = ["-X", "-H", "-d"].iter().any(|option| word.starts_with(option));
    if takes_value && word.len() > 2 {
        return (word[..2].to_owned(), Some(word[2..].to_owned()));
    }
    (word.to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter<'a>(pasted: &'a Pasted, name: &str) -> Option<&'a str> {
        let found = pasted.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn every_notation_of_a_request_parses_to_the_same() {
        let http = "POST /?a=1%202 HTTP/1.1\r\nHost: h:1\r\nX-Acs-Action: DetachDisk\r\n\r\n";
        let url = "POST http://h:1/?a=1+2\nx-acs-action: DetachDisk";
        let curl = "curl -s -XPOST 'http://h:1/?a=1%202' \\\n  -H \"x-acs-action: DetachDisk\"";
        for text in [http, url, curl] {
            let pasted = read(text).unwrap();
            assert_eq!((pasted.method.as_str(), pasted.path.as_str()), ("POST", "/"), "{text}");
            assert_eq!(parameter(&pasted, "a"), Some("1 2"));
            assert_eq!(pasted.headers["host"], "h:1");
            assert_eq!(pasted.headers["x-acs-action"], "DetachDisk");
        }
    }

    #[test]
    fn curl_data_is_parsed_as_a_posted_form() {
        let pasted = read("curl http://h/ -d a=1 --data-raw 'b=x y'").unwrap();
        assert_eq!(pasted.method, "POST");
        assert_eq!(parameter(&pasted, "b"), Some("x y"));
    }

    #[test]
    fn read_names_the_mistake_in_an_unreadable_request() {
        for text in ["", "what is wrong with my request?", "GET /\nno header", "curl 'x", "curl -X"]
        {
            assert!(!read(text).unwrap_err().is_empty(), "{text}");
        }
    }
}
