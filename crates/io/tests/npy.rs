//! Every `.npy` element type, byte order, axis order and way of reading, against a twin that knows no strides.
#![allow(clippy::unwrap_used)]

use echoes_io::{Access, Buffer, Kind, Reading, Source, npy};
use echoes_kernel::Values;
use proptest::prelude::*;
use std::io::Write;

/// A `.npy` file with the given header text.
fn file(major: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([major, 0]);
    match major {
        1 => bytes.extend((header.len() as u16).to_le_bytes()),
        _ => bytes.extend((header.len() as u32).to_le_bytes()),
    }
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn header(descr: &str, fortran: bool, shape: &str) -> String {
    let fortran = if fortran { "True" } else { "False" };
    format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
}

/// Everything that a source yields, the bits of each value, in chunks of `step` rows.
fn columns(source: &dyn Source, step: u64) -> Vec<Vec<u64>> {
    let all: Vec<usize> = (0..source.fields().len()).collect();
    let Reading::Rows(rows) = source.read(&all).unwrap() else { panic!("npy is read at any row") };
    assert_eq!(rows.width(), all.len());
    let mut result = vec![Vec::new(); all.len()];
    let mut buffer = Buffer::default();
    let mut start = 0;
    while start < rows.rows() {
        let end = (start + step).min(rows.rows());
        let chunk = rows.read(start..end, &mut buffer).unwrap();
        for ((slice, bits), field) in chunk.iter().zip(&mut result).zip(source.fields()) {
            assert_eq!((slice.values.len() as u64, slice.valid), (end - start, None));
            assert_eq!(Some(slice.values.dtype()), field.dtype);
            bits.extend(bits_of(slice.values));
        }
        start = end;
    }
    rows.finish().unwrap();
    result
}

/// The parts of a complex column lie side by side, the columns one after the other: what lies between two of them is not read.
#[test]
fn complex_columns_in_fortran_order_are_read_each_by_itself() {
    let (rows, width) = (200_000usize, 5);
    let text = header("'<c16'", true, &format!("({rows}, {width})"));
    let values: Vec<f64> = (0..2 * rows * width).map(|i| i as f64).collect();
    let mut stored = tempfile::NamedTempFile::new().unwrap();
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    stored.write_all(&file(1, &text, &data)).unwrap();
    let source = npy::open(stored.path(), Access::Pread).unwrap();
    // c0.im, c4.re, c4.im, c0.re, c2.re
    let wanted = [1, 8, 9, 0, 4];
    let Reading::Rows(reading) = source.read(&wanted).unwrap() else { panic!("npy is read at any row") };
    let mut buffer = Buffer::default();
    let chunk = reading.read(7..190_000, &mut buffer).unwrap();
    for (slice, i) in chunk.iter().zip(wanted) {
        let expected: Vec<u64> = (7..190_000).map(|row| values[2 * (rows * (i / 2) + row) + i % 2].to_bits()).collect();
        assert!(bits_of(slice.values) == expected, "column {i}");
    }
    drop(chunk);
    assert!(buffer.bytes.len() <= 1 << 20, "{} bytes were read at once", buffer.bytes.len());
}

fn bits_of(values: Values<'_>) -> Vec<u64> {
    match values {
        Values::Int8(x) => x.iter().map(|&x| x as u64).collect(),
        Values::Int16(x) => x.iter().map(|&x| x as u64).collect(),
        Values::Int32(x) => x.iter().map(|&x| x as u64).collect(),
        Values::Int64(x) => x.iter().map(|&x| x as u64).collect(),
        Values::UInt8(x) => x.iter().map(|&x| x.into()).collect(),
        Values::UInt16(x) => x.iter().map(|&x| x.into()).collect(),
        Values::UInt32(x) => x.iter().map(|&x| x.into()).collect(),
        Values::UInt64(x) => x.to_vec(),
        Values::Float32(x) => x.iter().map(|x| x.to_bits().into()).collect(),
        Values::Float64(x) => x.iter().map(|x| x.to_bits()).collect(),
    }
}

/// The twin: the parts of one element, as the bits of what they are read as.
fn parts(kind: &str, big: bool, element: &[u8]) -> Vec<u64> {
    let parts = if kind.starts_with('c') { 2 } else { 1 };
    let bits = |part: &[u8]| {
        let raw = part.iter().enumerate().fold(0u64, |raw, (i, &byte)| {
            let place = if big { part.len() - 1 - i } else { i };
            raw | u64::from(byte) << (8 * place)
        });
        match kind {
            "b1" => u64::from(raw != 0),
            "i1" => raw as i8 as u64,
            "i2" => raw as i16 as u64,
            "i4" => raw as i32 as u64,
            "f2" => half::f16::from_bits(raw as u16).to_f32().to_bits().into(),
            _ => raw,
        }
    };
    element.chunks(element.len() / parts).map(bits).collect()
}

/// Opens the same bytes in every way and checks each against `expected`.
fn check(bytes: &[u8], expected: &[Vec<u64>]) {
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    on_disk.write_all(bytes).unwrap();
    let shifted = [&[0], bytes].concat();
    let sources = [
        npy::open(on_disk.path(), Access::Mmap).unwrap(),
        npy::open(on_disk.path(), Access::Pread).unwrap(),
        npy::parse("x", bytes).unwrap(),
        npy::parse("misaligned", &shifted[1..]).unwrap(),
    ];
    for source in sources {
        for step in [1, 3, 1000] {
            assert_eq!(columns(&source, step), expected, "{} {}", source.name(), source.backend());
        }
    }
}

const KINDS: [(&str, usize); 14] = [
    ("b1", 1),
    ("i1", 1),
    ("i2", 2),
    ("i4", 4),
    ("i8", 8),
    ("u1", 1),
    ("u2", 2),
    ("u4", 4),
    ("u8", 8),
    ("f2", 2),
    ("f4", 4),
    ("f8", 8),
    ("c8", 8),
    ("c16", 16),
];

fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Not all bits of an exponent at once: what a NaN's payload becomes in a half is not the point here.
        (state >> 56) as u8 & 0xbb
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn every_type_and_order_is_as_the_twin_says() {
    const ROWS: usize = 7;
    for (kind, size) in KINDS {
        for (order, big) in [("<", false), (">", true)] {
            for width in [1, 3] {
                let data = noise(ROWS * width * size);
                for fortran in [false, true] {
                    let element = |row: usize, column: usize| {
                        let at = size * if fortran { column * ROWS + row } else { row * width + column };
                        parts(kind, big, &data[at..at + size])
                    };
                    let many = parts(kind, big, &data[..size]).len();
                    let expected: Vec<Vec<u64>> = (0..width * many)
                        .map(|c| (0..ROWS).map(|row| element(row, c / many)[c % many]).collect())
                        .collect();
                    let descr = format!("'{order}{kind}'");
                    check(&file(1, &header(&descr, fortran, &format!("({ROWS}, {width})")), &data), &expected);
                    if width == 1 {
                        check(&file(2, &header(&descr, fortran, &format!("({ROWS},)")), &data), &expected);
                    }
                }
            }
        }
    }
}

#[test]
fn records_are_columns_and_what_is_no_number_is_named() {
    let descr = "[('a', '>i2'), ('', '|V1'), ('naïve', '<f8'), ('s', '|S2'), ('a', '<c8'), ('', '|b1')]";
    let mut data = Vec::new();
    for i in 0..5u8 {
        data.extend(i16::from(i).to_be_bytes());
        data.push(0xff);
        data.extend(f64::from(i).to_le_bytes());
        data.extend(b"ab");
        data.extend(f32::from(i).to_le_bytes());
        data.extend((-f32::from(i)).to_le_bytes());
        data.push(i);
    }
    let bytes = file(3, &header(descr, false, "(5,)"), &data);
    let source = npy::parse("x", &bytes).unwrap();
    let names: Vec<_> = source.fields().iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["a", "naïve", "s", "a.re", "a.im", "c5"]);
    let Err(error) = source.read(&[2]) else { panic!("text is no column") };
    assert_eq!((error.kind, error.what.as_str()), (Kind::Column, "column s is not numeric: choose others"));
    assert_eq!(source.read(&[6]).err().map(|error| error.kind), Some(Kind::Column));
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    on_disk.write_all(&bytes).unwrap();
    for source in [source, npy::open(on_disk.path(), Access::Pread).unwrap()] {
        let Reading::Rows(rows) = source.read(&[5, 1, 4]).unwrap() else { panic!("npy is read at any row") };
        let mut buffer = Buffer::default();
        let chunk = rows.read(1..4, &mut buffer).unwrap();
        let bits: Vec<_> = chunk.iter().map(|slice| bits_of(slice.values)).collect();
        let doubles = [1.0f64, 2.0, 3.0].map(f64::to_bits).to_vec();
        let floats = [-1.0f32, -2.0, -3.0].map(|x| u64::from(x.to_bits())).to_vec();
        assert_eq!(bits, [vec![1, 1, 1], doubles, floats]);
    }
}

#[test]
fn shapes() {
    let read =
        |shape: &str, data: &[u8]| columns(&npy::parse("x", file(1, &header("'|u1'", false, shape), data)).unwrap(), 2);
    assert_eq!(read("()", &[9]), [[9]]);
    assert_eq!(read("(0,)", &[]), [Vec::<u64>::new()]);
    assert_eq!(read("(3,)", &[1, 2, 3]), [[1, 2, 3]]);
    assert_eq!(read("(0, 2)", &[]), [[]; 2] as [[u64; 0]; 2]);
    assert_eq!(read("(5, 0)", &[]), [] as [[u64; 0]; 0]);
    assert_eq!(read("(2, 1, 3)", &[1, 2, 3, 4, 5, 6]), [[1, 4], [2, 5], [3, 6]]);
}

#[test]
fn refusals_say_what_and_how_to_mend() {
    let f8 = |fortran, shape: &str, len: usize| file(1, &header("'<f8'", fortran, shape), &vec![0; len]);
    for (bytes, why) in [
        (
            f8(false, "(5, 3)", 96),
            "is cut off: its header claims the shape (5, 3) of 8 bytes each, and 96 bytes are there: copy or download it again",
        ),
        (
            f8(false, "(1152921504606846976,)", 8),
            "is cut off: its header claims the shape (1152921504606846976,) of 8 bytes each",
        ),
        (f8(false, "(4294967296, 4294967296)", 8), "is cut off"),
        (f8(false, "(2,)", 24), "goes on for 8 bytes after its array: save each array to a file of its own"),
        (f8(true, "(1, 1, 1)", 8), "has three axes or more in Fortran order: save numpy.ascontiguousarray(x)"),
        (f8(false, "(0, 1000000)", 0), "has 1000000 columns: at most 10000 are read; save its transpose"),
        (f8(false, "(1, 2000000)", 16_000_000), "has 2000000 columns: at most 1000000 are read; save its transpose"),
        (
            file(1, &header("'|O'", false, "(1,)"), &[0; 8]),
            "holds Python objects (\"|O\"), which are never run: save x.astype('float64')",
        ),
        (
            file(1, &header("[('a', '<f4', (2,))]", false, "(1,)"), &[0; 8]),
            "has a field \"a\" of several values: save its parts as fields of their own",
        ),
        (
            file(1, &header("[('a', '<f8')]", false, "(1, 1)"), &[0; 8]),
            "has records on two axes or more: save x.ravel()",
        ),
        (file(1, &header("[]", false, "(1,)"), &[]), "has elements of no size, or of one beyond counting"),
        (
            file(
                1,
                &header("[('', '|V9223372036854775807'), ('b', '|V9223372036854775807'), ('c', '<f8')]", false, "(0,)"),
                &[],
            ),
            "has elements of no size, or of one beyond counting",
        ),
        (file(1, "{'descr': '<f8', 'shape': (1,)}", &[0; 8]), "its header has no \"fortran_order\""),
        (
            file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}", &[0; 8]),
            "its header has an unknown key \"x\"",
        ),
        (file(4, "", &[]), "is .npy version 4.0: versions 1.0, 2.0 and 3.0 are read"),
        (b"PK\x03\x04 not npy at all".to_vec(), "does not begin as a .npy file does: write it with numpy.save"),
        (
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec(),
            "claims a header of 4294967295 bytes: at most 1048576 are read",
        ),
        (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "is cut off within its header: copy or download it again"),
        (b"\x93NUM".to_vec(), "does not begin"),
        (Vec::new(), "does not begin"),
    ] {
        let error = npy::parse("x.npy", bytes).unwrap_err();
        assert_eq!(error.kind, Kind::Malformed);
        assert!(error.what.starts_with(why), "{error}");
    }
}

#[test]
fn an_offset_beyond_counting_is_no_panic() {
    let descr = "[('a', '|V9223372036854775807'), ('b', '|V9223372036854775800'), ('c', '<c16')]";
    let _ = npy::parse("x", file(1, &header(descr, false, "(0,)"), &[])).map(|source| columns(&source, 1));
}

#[test]
fn rows_that_are_not_there_are_an_error() {
    let source = npy::parse("x", file(1, &header("'<f8'", false, "(2,)"), &[0; 16])).unwrap();
    let Reading::Rows(rows) = source.read(&[0]).unwrap() else { panic!("npy is read at any row") };
    let mut buffer = Buffer::default();
    assert!(rows.read(1..3, &mut buffer).is_err());
    #[expect(clippy::reversed_empty_ranges)]
    let backward = 2..1;
    assert!(rows.read(backward, &mut buffer).is_err());
}

#[test]
fn aligned_native_columns_are_not_copied() {
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    let mut out = Vec::new();
    npy::write_npy(&mut out, 1, &[1.0, 2.0, 3.0]).unwrap();
    on_disk.write_all(&out).unwrap();
    let source = npy::open(on_disk.path(), Access::Mmap).unwrap();
    let Reading::Rows(rows) = source.read(&[0, 0]).unwrap() else { panic!("npy is read at any row") };
    let mut buffer = Buffer::default();
    let chunk = rows.read(0..3, &mut buffer).unwrap();
    assert!(std::ptr::eq(chunk[0].values.as_f64().unwrap(), chunk[1].values.as_f64().unwrap()));
}

#[test]
fn a_file_that_changes_is_noticed() {
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    let mut out = Vec::new();
    npy::write_npy(&mut out, 1, &[1.0, 2.0, 3.0]).unwrap();
    on_disk.write_all(&out).unwrap();
    for access in [Access::Mmap, Access::Pread] {
        let source = npy::open(on_disk.path(), access).unwrap();
        let Reading::Rows(rows) = source.read(&[0]).unwrap() else { panic!("npy is read at any row") };
        rows.finish().unwrap();
        on_disk.write_all(&[0]).unwrap();
        assert_eq!(rows.finish().unwrap_err().kind, Kind::Changed);
        on_disk.as_file().set_len(out.len() as u64).unwrap();
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_array_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = npy::parse("x", &bytes);
        let _ = npy::parse("x", [b"\x93NUMPY\x01\x00".as_slice(), &bytes].concat());
    }

    #[test]
    fn any_header_is_read_or_refused(
        descr in "('[<>|=]?[a-zA-Z][0-9]{0,3}'|\\[(\\('[ab]?', '[<>][ifucVSU][0-9]{1,2}'\\), ){0,3}\\])",
        fortran: bool,
        shape in "\\(([0-9]{1,2}, ){0,4}\\)",
        len in 0usize..200,
    ) {
        if let Ok(source) = npy::parse("x", file(1, &header(&descr, fortran, &shape), &vec![1; len])) {
            let numeric: Vec<_> = (0..source.fields().len()).filter(|&i| source.fields()[i].dtype.is_some()).collect();
            let Reading::Rows(rows) = source.read(&numeric).unwrap() else { panic!("npy is read at any row") };
            rows.read(0..rows.rows(), &mut Buffer::default()).unwrap();
        }
    }

    #[test]
    fn any_text_in_braces_is_read_or_refused(text in "[\\{\\}\\(\\)\\[\\]':,0-9a-zA-Z\\\\ \"<>]{0,80}") {
        let _ = npy::parse("x", file(3, &text, &[0; 64]));
    }
}
