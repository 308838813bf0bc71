//! Keeps the documents true: what they cite is there, and what is there is cited.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between backticks or in a link, and begins with one of our folders.
fn cited(text: &str) -> Vec<String> {
    text.split(['`', '(', ')', '[', ']', ' ', '\n', '"', ',', ';'])
        .map(|word| word.trim_end_matches(['.', ':']))
        .map(|word| word.split('#').next().unwrap_or(word))
        .filter(|word| {
            ["src/", "tests/", "docs/", "templates/", "migrations/", "scripts/", "benches/"]
                .iter()
                .any(|it| word.starts_with(it))
        })
        .filter(|word| !word.contains(['*', '{', '<', '…']) && !word.contains("NNNN"))
        .map(str::to_owned)
        .collect()
}

fn files_below(folder: &str, extension: &str) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![root().join(folder)], vec![]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|it| it == extension) => files.push(path),
                false => (),
            }
        }
    }
    files
}

#[test]
fn every_file_that_a_document_cites_is_there() {
    let mut documents = files_below("docs", "md");
    documents.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|it| root().join(it)));
    for document in documents {
        for path in cited(&fs::read_to_string(&document).unwrap()) {
            let there = root().join(&path).exists();
            assert!(there, "{}: {path} is not there", document.display());
        }
    }
}

#[test]
fn every_document_that_the_code_cites_is_there() {
    for source in files_below("src", "rs") {
        for path in cited(&fs::read_to_string(&source).unwrap()) {
            let is_document = path.starts_with("docs/")
                && Path::new(&path).extension().is_some_and(|it| it == "md");
            let there = !is_document || root().join(&path).exists();
            assert!(there, "{}: {path} is not there", source.display());
        }
    }
}

#[test]
fn every_grant_and_every_flow_is_in_the_list_of_specs() {
    let specs = text("docs/specs.md");
    for folder in ["src/grants", "src/flows"] {
        for file in files_below(folder, "rs") {
            let path = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            let plumbing = ["mod.rs", "response.rs", "audience.rs"];
            let is_plumbing = plumbing.iter().any(|it| Path::new(&path).ends_with(it));
            assert!(is_plumbing || specs.contains(&path), "docs/specs.md does not name {path}");
        }
    }
}

#[test]
fn every_decision_says_what_and_why() {
    for decision in files_below("docs/decisions", "md") {
        let text = fs::read_to_string(&decision).unwrap();
        assert!(text.starts_with("# "), "{}: begin with a title", decision.display());
    }
}

/// The rows of the checklist that tests name: `/// Row 5.` or `/// Rows 1, 3–5.`, on a line alone.
fn tested_rows() -> BTreeSet<u32> {
    let files = ["tests", "src"].into_iter().flat_map(|it| files_below(it, "rs"));
    let mut rows = BTreeSet::new();
    for file in files {
        for line in fs::read_to_string(&file).unwrap().lines() {
            let named = line.trim().strip_prefix("/// Row").map(|it| it.trim_start_matches('s'));
            let Some(list) = named.and_then(|it| it.trim().strip_suffix('.')) else { continue };
            for part in list.split(',').map(str::trim) {
                let (first, last) = part.split_once('–').unwrap_or((part, part));
                if let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) {
                    rows.extend(first..=last);
                }
            }
        }
    }
    rows
}

/// `docs/specs.md` says which rows no test has, and there are no others.
#[test]
fn every_row_of_the_checklist_has_a_test_or_is_named() {
    let specs = text("docs/specs.md");
    let (_, rest) = specs.split_once("## Rows without a test").unwrap();
    let named: BTreeSet<u32> = rest
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect();
    let tested = tested_rows();
    let missing: BTreeSet<u32> = (1..=178).filter(|row| !tested.contains(row)).collect();
    assert_eq!(named, missing, "those that docs/specs.md names, and those without a test");
}
