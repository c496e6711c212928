//! CSV, from dialects to the edges of chunks and buffers, against a twin that quotes every field.
#![allow(clippy::unwrap_used)]

use echoes_io::csv::{self, CsvOptions};
use echoes_io::{Access, Error, Kind, Owned, OwnedColumn, Reading, Source};
use echoes_kernel::{CHUNK, DType};
use proptest::prelude::*;
use std::io::Write;

/// A value of a column: missing, or its bits, and whether it is an integer.
type Cell = Option<(bool, u64)>;

fn stream(source: &dyn Source, columns: &[usize]) -> Result<Vec<Vec<OwnedColumn>>, Error> {
    let Reading::Stream(mut stream) = source.read(columns)? else { panic!("CSV is read in order") };
    let mut chunks = Vec::new();
    while let Some(chunk) = stream.next()? {
        chunks.push(chunk);
    }
    assert!(stream.next()?.is_none(), "the end stays the end");
    Ok(chunks)
}

fn cells(column: &OwnedColumn) -> Vec<Cell> {
    let values: Vec<_> = match &column.values {
        Owned::Int64(x) => x.iter().map(|&x| (true, x as u64)).collect(),
        Owned::Float64(x) => x.iter().map(|x| (false, x.to_bits())).collect(),
        _ => panic!("CSV holds int64 and float64"),
    };
    if let Some(valid) = &column.valid {
        assert_eq!(valid.len(), values.len());
    }
    let present = |i: usize| column.valid.as_ref().is_none_or(|valid| valid[i]);
    values.into_iter().enumerate().map(|(i, value)| present(i).then_some(value)).collect()
}

fn table(text: &str, columns: &[usize]) -> Result<Vec<Vec<Cell>>, Error> {
    let source = csv::parse("x.csv", text.as_bytes(), &CsvOptions::default())?;
    let mut table = vec![Vec::new(); columns.len()];
    for chunk in stream(&source, columns)? {
        chunk.iter().zip(&mut table).for_each(|(column, all)| all.extend(cells(column)));
    }
    Ok(table)
}

fn names(text: &str) -> Vec<String> {
    let source = csv::parse("x.csv", text.as_bytes(), &CsvOptions::default()).unwrap();
    source.fields().iter().map(|field| field.name.clone()).collect()
}

const fn int(x: i64) -> Cell {
    Some((true, x as u64))
}

const fn float(x: f64) -> Cell {
    Some((false, x.to_bits()))
}

#[test]
fn dialects() {
    let expected = [[int(1), int(-3)], [float(2.5), None]];
    for text in [
        "a,b\n1,2.5\n-3,\n",
        "a,b\r\n1,2.5\r\n-3,\r\n",
        "a;b\n1;2.5\n-3;",
        "a\tb\n1\t2.5\n-3\tNA",
        "a|b\n1|2.5\n-3|null\n",
        "\u{feff}a,b\n1,2.5\n-3,\n",
        "\"a\",\"b\"\n\"1\",\"2.5\"\n\"-3\",\"\"\n",
        "\n\na,b\n\n1,2.5\n\r\n-3,None\n\n",
        "a,b\n 1 , 2.5\n-3\t, n/a \n",
    ] {
        assert_eq!(table(text, &[0, 1]).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn headers_and_names() {
    assert_eq!(names("1,2\n3,4\n"), ["c0", "c1"]);
    assert_eq!(names("1,,NA\n"), ["c0", "c1", "c2"]);
    assert_eq!(names("a,,a\n1,2,3\n"), ["a", "c1", "a_2"]);
    assert_eq!(names("1,b\n"), ["1", "b"]);
    assert_eq!(names("\" a \"\"b\"\", c\", d \n"), [" a \"b\", c", "d"]);
    assert_eq!(names("größe\n1\n"), ["größe"]);
    let options = CsvOptions { header: Some(true), delimiter: None };
    let source = csv::parse("x", &b"2020,2021\n1,2\n"[..], &options).unwrap();
    assert_eq!(source.fields()[1].name, "2021");
    assert!(source.has_header());
    let options = CsvOptions { header: Some(false), delimiter: Some(b';') };
    let source = csv::parse("x", &b"a,b\n"[..], &options).unwrap();
    assert_eq!((source.fields().len(), source.delimiter()), (1, b';'));
}

#[test]
fn a_single_column_may_be_missing_by_the_line() {
    assert_eq!(table("x\n1\n\n2\n\n", &[0]).unwrap(), [[int(1), None, int(2), None]]);
    assert_eq!(table("1\n\r\n2", &[0]).unwrap(), [[int(1), None, int(2)]]);
}

#[test]
fn types() {
    let source = csv::parse("x", &b"i,f,t,e,n\n1,1,a,,nan\n2,1.5,2,,3\n"[..], &CsvOptions::default()).unwrap();
    let types: Vec<_> = source.fields().iter().map(|field| field.dtype).collect();
    let float64 = Some(DType::Float64);
    assert_eq!(types, [Some(DType::Int64), float64, None, float64, float64]);
    assert_eq!(source.rows(), None);
    let error = source.read(&[2]).err().unwrap();
    assert_eq!(error.kind, Kind::Column);
    assert_eq!(error.to_string(), "x:2:5: column t is not numeric, it has \"a\": choose others");
    assert_eq!(source.read(&[5]).err().unwrap().kind, Kind::Column);
    // The same column twice, and columns out of order.
    let chunks = stream(&source, &[1, 0, 1]).unwrap();
    let columns: Vec<_> = chunks[0].iter().map(cells).collect();
    assert_eq!(columns, [[float(1.0), float(1.5)], [int(1), int(2)], [float(1.0), float(1.5)]]);
}

#[test]
fn integers_become_doubles_by_the_chunk() {
    let mut text = String::from("x\n");
    for i in 0..CHUNK {
        text += &format!("{i}\n");
    }
    text += "9007199254740993\n0.5\n-0\n";
    let source = csv::parse("x", text.as_bytes(), &CsvOptions::default()).unwrap();
    let chunks = stream(&source, &[0]).unwrap();
    assert!(matches!(chunks[0][0].values, Owned::Int64(_)));
    assert_eq!(cells(&chunks[1][0]), [float(9_007_199_254_740_992.0), float(0.5), float(-0.0)]);
}

#[test]
fn chunks_are_full_but_for_the_last() {
    for rows in [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
        for quoted in [false, true] {
            let line = |i: usize| if quoted { format!("\"{i}\",\n") } else { format!("{i},\n") };
            let text: String = std::iter::once("a,b\n".to_owned()).chain((0..rows).map(line)).collect();
            let source = csv::parse("x", text.as_bytes(), &CsvOptions::default()).unwrap();
            for _ in 0..2 {
                let chunks = stream(&source, &[0, 1]).unwrap();
                let sizes: Vec<_> = chunks.iter().map(|chunk| cells(&chunk[0]).len()).collect();
                let mut expected = vec![CHUNK; rows / CHUNK];
                expected.extend((rows % CHUNK > 0).then_some(rows % CHUNK));
                assert_eq!(sizes, expected);
                assert!(chunks.iter().all(|chunk| cells(&chunk[1]).iter().all(Option::is_none)));
            }
        }
    }
}

#[test]
fn records_across_the_edge_of_the_buffer() {
    const EDGE: usize = 1 << 20;
    for back in 0..24 {
        let head = "a,b\n";
        // Few long rows, the last as long as is left.
        let mut text = head.to_owned();
        while text.len() < EDGE - back {
            let len = if EDGE - back - text.len() < 4000 { EDGE - back - text.len() } else { 2000 };
            text += &format!("{:0>1$}", "1,2\n", len);
        }
        let rows = text.lines().count() - 1;
        text += "3,\"4\n\"\n\"5\",6\r\n7,8\n\"\"\"\",";
        let error = table(&text, &[0]).unwrap_err();
        assert_eq!(error.place, Some((rows as u64 + 6, 2)), "{error}");
        text.truncate(text.len() - 5);
        let error = table(&text, &[0, 1]).unwrap_err();
        assert_eq!(error.place, Some((rows as u64 + 2, 4)), "a line feed is no space: {error}");
        let a = table(&text, &[0]).unwrap().remove(0);
        assert_eq!((a.len(), &a[rows..]), (rows + 3, &[int(3), int(5), int(7)][..]));
    }
}

#[test]
fn long_records_are_read_and_endless_ones_refused() {
    let long = "x".repeat(3 << 20);
    let text = format!("a,b\n1,{long}\n2,\"{long}\"\n");
    assert_eq!(table(&text, &[0]).unwrap(), [[int(1), int(2)]]);
    let endless = "x".repeat(17 << 20);
    let error = table(&format!("a,b\n1,2\n3,{endless}\n"), &[0]).unwrap_err();
    assert_eq!(error.to_string(), "x.csv:3: a record of more than 16 MiB: is a quote left open?");
}

#[test]
fn refusals_say_what_where_and_how_to_mend() {
    // Long enough that the types are settled before the flaw comes.
    let fill = "1,2\n".repeat(1 << 18);
    let late = (1 << 18) + 2;
    for (text, why) in [
        (
            "a,b\n1,2\n3\n".to_owned(),
            "x.csv:3: line has 1 field, the header has 2: quote fields that hold the delimiter".to_owned(),
        ),
        (
            "1,2\n1,2,3\n".to_owned(),
            "x.csv:2: line has 3 fields, the first line has 2: quote fields that hold the delimiter".to_owned(),
        ),
        (
            format!("a,price\n{fill}1,abc\n"),
            format!(
                "x.csv:{late}:3: column price: \"abc\" is not a number; choose other columns or mark it missing (empty, NA)"
            ),
        ),
        (
            format!("a,price\n{fill}é,\"\n\"\n"),
            format!(
                "x.csv:{late}:1: column a: \"é\" is not a number; choose other columns or mark it missing (empty, NA)"
            ),
        ),
        (
            format!("a,price\n{fill}\"1\n\", 2 x \n"),
            format!(
                "x.csv:{late}:2: column a: \"1\\n\" is not a number; choose other columns or mark it missing (empty, NA)"
            ),
        ),
        (
            "a,b\n1,\"2\n".to_owned(),
            "x.csv:2:3: a quote is opened and never closed: close it, or double the quotes within quotes".to_owned(),
        ),
        (
            "a,b\n\"1\"2,3\n".to_owned(),
            "x.csv:2:4: text follows a closing quote: put a delimiter there, or double the quotes within quotes"
                .to_owned(),
        ),
        ("\n\n".to_owned(), "x.csv: is empty: there is no line in it".to_owned()),
        (
            "a,b\r1,2\r".to_owned(),
            "x.csv: has lines that end in CR alone: convert them, as with tr '\\r' '\\n'".to_owned(),
        ),
    ] {
        let error = table(&text, &[0, 1]).unwrap_err();
        assert_eq!((error.to_string(), error.kind), (why, Kind::Malformed));
    }
    let utf16 = csv::parse("x", &b"\xff\xfea\0,\0b\0"[..], &CsvOptions::default()).unwrap_err();
    assert!(utf16.what.starts_with("is UTF-16"), "{utf16}");
    for delimiter in *b"\"\n\r" {
        let options = CsvOptions { delimiter: Some(delimiter), header: None };
        assert!(csv::parse("x", &b"a\n1\n"[..], &options).is_err());
    }
}

#[test]
fn no_more_columns_than_are_read() {
    let wide = |columns: usize| format!("a,b\n1,2\n{}1\n", "1,".repeat(columns - 1));
    let error = table(&wide(1_000_001), &[0]).unwrap_err();
    let says = "x.csv:3:2000001: there are more than a million columns: no more are read; save its transpose";
    assert_eq!(error.to_string(), says);
    assert!(table(&wide(1_000_000), &[0]).unwrap_err().what.starts_with("line has 1000000 fields"));
    let source = csv::parse("x", ",".repeat(999_999).into_bytes(), &CsvOptions::default()).unwrap();
    assert_eq!((source.fields().len(), &*source.fields()[999_999].name), (1_000_000, "c999999"));
    let error = csv::parse("x", ",".repeat(1_000_000).into_bytes(), &CsvOptions::default()).unwrap_err();
    assert_eq!((error.kind, error.place), (Kind::Malformed, Some((1, 1_000_001))));
}

#[test]
fn rows_are_no_more_than_can_be_told() {
    for text in ["x\n1\n\n\n2", "a,b\n1,2\n\n3,\n,\n,\n", "1\n", "\n\n", "\"a\n\",b,c\n1,2,3\n,,"] {
        let Ok(source) = csv::parse("x", text.as_bytes(), &CsvOptions::default()) else { continue };
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let stored = csv::open(file.path(), Access::Pread, &CsvOptions::default()).unwrap();
        let rows: usize = stream(&source, &[0]).unwrap().iter().map(|chunk| cells(&chunk[0]).len()).sum();
        for source in [&source, &stored] {
            let counted = source.rows_counted(&mut |_| true).unwrap().unwrap();
            assert!(source.rows_max().unwrap() >= rows as u64 && counted >= rows as u64, "{text:?}");
        }
    }
    let long = format!("x\n{}", format!("{}\n", "9".repeat(99)).repeat(50_000));
    let source = csv::parse("x", long.as_bytes(), &CsvOptions::default()).unwrap();
    assert_eq!((source.rows_max(), source.rows_counted(&mut |_| true).unwrap()), (Some(5_000_003), Some(50_002)));
    assert_eq!(source.rows_counted(&mut |rows| rows < 40_000).unwrap(), None);
    let wide = csv::parse("x", "10,2\n".repeat(1000).into_bytes(), &CsvOptions::default()).unwrap();
    assert_eq!(wide.rows_max(), Some(2501));
}

#[cfg(unix)]
#[test]
fn readings_that_differ_are_known_by_different_names() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    // Missing names and missing values look alike.
    file.write_all(b",\n1,2\n").unwrap();
    let identity = |header| {
        let options = CsvOptions { delimiter: Some(b','), header: Some(header) };
        csv::open(file.path(), Access::Pread, &options).unwrap().identity()
    };
    // A file that has just been written has none.
    while identity(true).is_none() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_ne!(identity(true), identity(false));
}

#[test]
fn files_read_as_memory_does_and_a_change_is_noticed() {
    let text = format!("a,b\n{}", "1,2.5\n,-3\n".repeat(300_000));
    let expected = table(&text, &[0, 1]).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    for (day, access) in [Access::Mmap, Access::Pread].into_iter().enumerate() {
        let source = csv::open(file.path(), access, &CsvOptions::default()).unwrap();
        let mut found = vec![Vec::new(); 2];
        for chunk in stream(&source, &[0, 1]).unwrap() {
            chunk.iter().zip(&mut found).for_each(|(column, all)| all.extend(cells(column)));
        }
        assert!(found == expected);
        let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(86_400 * day as u64);
        file.as_file().set_modified(then).unwrap();
        assert_eq!(stream(&source, &[0]).err().map(|error| error.kind), Some(Kind::Changed));
    }
}

#[test]
fn what_is_written_reads_back() {
    let columns = [vec![0.1, f64::NAN, -0.0, 1e300], vec![1.0, f64::INFINITY, 5e-324, f64::MIN]];
    let mut writer = csv::CsvWriter::create(Vec::new(), &["a, b", "c"]).unwrap();
    writer.append(&[&columns[0], &columns[1]]).unwrap();
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    let expected: Vec<Vec<_>> = columns
        .iter()
        .map(|column| column.iter().map(|&x| if x.is_nan() { None } else { float(x) }).collect())
        .collect();
    assert_eq!(table(&text, &[0, 1]).unwrap(), expected);
    assert_eq!(names(&text), ["a, b", "c"]);
}

proptest! {
    #[test]
    fn plain_and_careful_agree(
        rows in proptest::collection::vec(
            proptest::collection::vec("(-?[0-9]{0,20}(\\.[0-9]{0,20})?(e-?[0-9]{1,3})?|NA| 7 |inf)", 3), 1..30),
        columns in proptest::collection::vec(0usize..3, 1..4),
        crlf: bool,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let write = |quote: &str| {
            let line = |row: &Vec<String>| {
                let fields: Vec<_> = row.iter().map(|field| format!("{quote}{field}{quote}")).collect();
                fields.join(",") + end
            };
            format!("a,b,c{end}") + &rows.iter().map(line).collect::<String>()
        };
        let (plain, quoted) = (table(&write(""), &columns), table(&write("\""), &columns));
        match (plain, quoted) {
            // Quoted, nothing between commas is no blank line; in three columns neither is it plain.
            (Ok(plain), Ok(quoted)) => prop_assert_eq!(plain, quoted),
            (plain, quoted) => prop_assert_eq!(plain.is_err(), quoted.is_err()),
        }
    }

    #[test]
    fn any_text_is_a_table_or_an_error(text in "[-0-9a\",;\t\r\n .]{0,200}") {
        let source = csv::parse("x", text.as_bytes(), &CsvOptions::default());
        if let Ok(source) = source {
            let numeric: Vec<_> = (0..source.fields().len()).filter(|&i| source.fields()[i].dtype.is_some()).collect();
            let _ = stream(&source, &numeric);
        }
    }

    #[test]
    fn any_bytes_are_a_table_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        delimiter: Option<u8>,
        header: Option<bool>,
    ) {
        if let Ok(source) = csv::parse("x", &bytes, &CsvOptions { delimiter, header }) {
            let numeric: Vec<_> = (0..source.fields().len()).filter(|&i| source.fields()[i].dtype.is_some()).collect();
            let _ = stream(&source, &numeric);
        }
    }
}
