//! `unsafe` stays in the rooms that need it, and each one names the fact that makes it sound.

use super::{Finding, Metadata};
use crate::rust::{self, Line};
use crate::tree::{File, Tree};

/// The crates that may: instructions of one processor, memory maps, a graphics driver.
const ROOMS: [&str; 3] = ["crates/simd/", "crates/io/", "crates/gpu/"];

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let lines = rust::lines(&file.text);
        if is_room(&file.path) {
            undocumented(file, &lines, &mut findings);
        } else {
            outside(file, &lines, &mut findings);
        }
    }
    for root in &metadata.roots {
        findings.extend(tree.rust().find(|file| &file.path == root).and_then(unforbidden));
    }
    findings
}

fn is_room(path: &str) -> bool {
    ROOMS.iter().any(|room| path.starts_with(room))
}

fn outside(file: &File, lines: &[Line], findings: &mut Vec<Finding>) {
    for (at, line) in lines.iter().enumerate() {
        if line.words("unsafe").next().is_some() {
            let mend = "move it to crates/simd, crates/io or crates/gpu, behind a safe function";
            findings.push(Finding::new(&file.path, at + 1, "`unsafe` outside its rooms", mend));
        }
    }
}

/// The root of a crate that has no room for `unsafe` must say so to the compiler.
fn unforbidden(file: &File) -> Option<Finding> {
    let is_forbidden =
        |line: &Line| line.code.trim().starts_with("#![forbid(") && line.words("unsafe_code").next().is_some();
    if is_room(&file.path) || rust::lines(&file.text).iter().any(is_forbidden) {
        return None;
    }
    Some(Finding::new(&file.path, 1, "`unsafe` is not forbidden", "write `#![forbid(unsafe_code)]` below the head"))
}

fn undocumented(file: &File, lines: &[Line], findings: &mut Vec<Finding>) {
    for (at, line) in lines.iter().enumerate() {
        let needs_reason = line.words("unsafe").any(|word| !is_pointer_type(lines, at, word));
        if needs_reason && !has_reason(lines, at) {
            let mend = "say above it in `// SAFETY: …`, or `# Safety` in a function's documentation, why it is sound";
            findings.push(Finding::new(&file.path, at + 1, "`unsafe` without a reason", mend));
        }
    }
}

/// Whether the `unsafe` belongs to a type such as `unsafe fn(&[f64])`, which does nothing by itself.
fn is_pointer_type(lines: &[Line], at: usize, word: usize) -> bool {
    let rest = lines[at].code[word..].chars().chain([' ']);
    let next = lines.get(at + 1).map_or("", |line| line.code.as_str());
    let text: String = rest.chain(next.chars()).filter(|c| !c.is_whitespace()).collect();
    let text = text.trim_start_matches("unsafe").trim_start_matches("extern").trim_start_matches("\"\"");
    text.starts_with("fn(")
}

/// Whether the line, or a comment above its statement, gives a reason.
fn has_reason(lines: &[Line], at: usize) -> bool {
    let says = |line: &Line| line.comment.contains("SAFETY:") || line.comment.contains("# Safety");
    if says(&lines[at]) {
        return true;
    }
    // Attributes, and earlier lines of the same statement, may stand between.
    let above = lines[..at].iter().rev().skip_while(|line| {
        let code = line.code.trim();
        !code.is_empty() && !code.ends_with([';', '{', '}', ','])
    });
    above.take_while(|line| line.is_comment()).any(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        let metadata = Metadata { roots: vec!["crates/stats/src/lib.rs".to_owned()], ..Metadata::default() };
        check(&Tree::of(&[(path, text)]), &metadata).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn unsafe_outside_its_rooms_is_found() {
        assert!(found("crates/stats/src/a.rs", "//! unsafe\nlet x = \"unsafe\";\n// unsafe\n").is_empty());
        assert_eq!(found("crates/stats/src/a.rs", "// SAFETY: no.\nunsafe { f() }"), [2]);
        assert_eq!(found("crates/simd-extra/src/a.rs", "unsafe { f() }"), [1]);
    }

    #[test]
    fn a_root_that_does_not_forbid_it_is_found() {
        assert!(found("crates/stats/src/lib.rs", "//! Head.\n#![forbid(unsafe_code)]\n").is_empty());
        assert_eq!(found("crates/stats/src/lib.rs", "//! Head.\n// #![forbid(unsafe_code)]\n"), [1]);
    }

    #[test]
    fn unsafe_without_a_reason_is_found() {
        let io = |text: &str| found("crates/io/src/a.rs", text);
        assert_eq!(io("let x =\n    unsafe { f() };"), [2]);
        assert_eq!(io("// Quick.\nunsafe { f() }"), [2]);
        assert_eq!(io("// SAFETY: it is mapped.\nunsafe { f() };\nunsafe { g() };"), [3]);
        assert_eq!(io("// SAFETY: it is mapped.\n\nunsafe impl Send for M {}"), [3]);
        assert_eq!(io("/// Reads.\npub unsafe fn read() {}"), [2]);
        assert_eq!(io("#[unsafe(no_mangle)]\nfn f() {}"), [1]);
    }

    #[test]
    fn unsafe_with_a_reason_passes() {
        let io = |text: &str| found("crates/io/src/a.rs", text);
        assert!(io("// SAFETY: it is mapped,\n// and stays so.\nlet x =\n    unsafe { f() };").is_empty());
        assert!(io("unsafe { f() } // SAFETY: it is mapped.").is_empty());
        assert!(io("/// # Safety\n/// AVX2.\n#[target_feature(enable = \"avx2\")]\nunsafe fn f() {}").is_empty());
        assert!(io("type F = unsafe fn(&[f64]);\ntype G = unsafe extern \"C\" fn(f64);").is_empty());
    }
}
