//! A table in text as spreadsheets and programs write it: comma, semicolon or tab, with or without a byte order mark,
//! in UTF-8, UTF-16 or Latin-1.

/// A table with its header; cells are trimmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub headers: Vec<String>,
    /// Each with the line that it begins in, from 1.
    pub rows: Vec<(u64, Vec<String>)>,
}

impl Table {
    /// Whatever the bytes are encoded in.
    pub fn of(bytes: &[u8]) -> Result<Self, csv::Error> {
        Self::parse(&decode(bytes))
    }

    /// Rows may be shorter or longer than the header.
    fn parse(text: &str) -> Result<Self, csv::Error> {
        // Excel's way to say its delimiter.
        let (skipped, text) = match text.split_once('\n') {
            Some((first, rest)) if first.to_ascii_lowercase().starts_with("sep=") => (1, rest),
            _ => (0, text),
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .flexible(true)
            .delimiter(delimiter(text))
            .from_reader(text.as_bytes());
        let cells = |record: &csv::StringRecord| record.iter().map(String::from).collect();
        let headers = cells(reader.headers()?);
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line) + skipped;
            if record.iter().any(|cell| !cell.is_empty()) {
                rows.push((line, cells(&record)));
            }
        }
        Ok(Self { headers, rows })
    }

    /// The column of that name, in any case.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.headers.iter().position(|header| header.eq_ignore_ascii_case(name))
    }
}

/// What the header's columns are most likely told apart by.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or("");
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // Of equals the last: a comma.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

fn decode(bytes: &[u8]) -> String {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // What is no UTF-8 is taken for Latin-1, in which every byte is a character.
        _ => String::from_utf8(bytes.to_vec())
            .unwrap_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(bytes: &[u8]) -> Table {
        Table::parse(&decode(bytes)).unwrap()
    }

    #[test]
    fn commas_semicolons_and_tabs_tell_columns_apart() {
        for delimiter in [",", ";", "\t"] {
            let text = format!("image_id{delimiter}dx\none{delimiter}\"mel, in \"\"situ\"\"\"\n");
            let table = table(text.as_bytes());
            assert_eq!(table.headers, ["image_id", "dx"]);
            assert_eq!(table.rows, [(2, vec!["one".to_string(), "mel, in \"situ\"".to_string()])]);
        }
    }

    #[test]
    fn the_same_table_in_any_encoding_is_the_same() {
        let text = "image_id;site\r\none;R\u{fc}cken\r\n";
        let utf16 = |order: fn(u16) -> [u8; 2], mark: [u8; 2]| -> Vec<u8> {
            mark.into_iter().chain(text.encode_utf16().flat_map(order)).collect()
        };
        let latin1: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
        let marked: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes()).collect();
        let plain = table(text.as_bytes());
        assert_eq!(plain.rows[0].1[1], "R\u{fc}cken");
        for bytes in
            [utf16(u16::to_le_bytes, [0xff, 0xfe]), utf16(u16::to_be_bytes, [0xfe, 0xff]), latin1, marked]
        {
            assert_eq!(table(&bytes), plain);
        }
    }

    #[test]
    fn a_line_that_says_the_delimiter_is_no_header_and_counts_as_a_line() {
        let table = table(b"sep=;\nimage_id;dx\none;mel\n\n;;\ntwo;nv\n");
        assert_eq!(table.headers, ["image_id", "dx"]);
        assert_eq!(table.rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 6]);
    }

    #[test]
    fn a_quoted_header_with_commas_inside_is_not_taken_for_many_columns() {
        assert_eq!(table(b"\"image_id\";\"dx\"\none;nv\n").headers, ["image_id", "dx"]);
    }
}
