//! `tegata ledger` on a database that a server wrote: what it proves, and what it writes.

use std::path::Path;
use std::process::Output;

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;
use tegata::server::ledger::tend;

use crate::ledger_chain::{execute, refused};
use crate::support::{Database, HOME, WORLD, World, exchange, id_token_of};

async fn lived_in() -> World {
    let world = World::on(Database::shared().await, WORLD).await;
    exchange(&world, &id_token_of(&world, "alice").await, &[]).await.access_token();
    refused(&world, 1).await;
    world.post_token(HOME, "=1+1", &[("grant_type", "client_credentials")]).await;
    tend(&world.live).await.unwrap();
    world
}

async fn tegata(world: &World, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.arg("ledger").args(args).current_dir(std::env::temp_dir());
    command.env("TEGATA_DATABASE", world.database.url());
    command.env("TEGATA_PUBLIC_URL", HOME).env("TEGATA_KEY", "07".repeat(32));
    command.output().await.unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn verifying() {
    let world = lived_in().await;
    insta::assert_snapshot!(out(&tegata(&world, &["verify"]).await), @"
    The ledger is whole.
      7 rows in 1 chains, with 0 links between them
      1 checkpoints, all signed by our keys
    ");
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("checkpoints");
    std::fs::write(&kept, out(&tegata(&world, &["checkpoints"]).await)).unwrap();
    let elsewhere = ["verify", "--since", "2026-01-01", "--checkpoint", kept.to_str().unwrap()];
    assert!(out(&tegata(&world, &elsewhere).await).contains("2 checkpoints"));

    execute(&world, "UPDATE ledger_202601 SET client = 'x' WHERE number = 2").await;
    let output = tegata(&world, &["verify"]).await;
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"tegata: the ledger is not whole: row 2 (place 2 of chain 1) or a row before it was changed");
}

#[tokio::test]
async fn json_lines() {
    let world = lived_in().await;
    let text = out(&tegata(&world, &["export"]).await);
    let rows: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[0]["at"], "2026-01-02T03:04:05.000Z");
    assert_eq!((&rows[6]["client"], &rows[6]["place"]), (&"=1+1".into(), &7.into()));
    assert_eq!(rows[6]["hash"].as_str().map(str::len), Some(64));
    assert!(rows[6]["jti"].is_null());

    let none = ["export", "--until", "2026-01-02T03:04:05Z"];
    assert_eq!(out(&tegata(&world, &none).await), "");
    let none = ["export", "--since", "2026-01-03"];
    assert_eq!(out(&tegata(&world, &none).await), "");
    let all = ["export", "--since", "2026-01-02", "--until", "2026-01-03"];
    assert_eq!(out(&tegata(&world, &all).await), text);
}

/// The same rows, in another form; and the file is for its owner alone.
async fn exported(world: &World, format: &str, file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(file, "what was there before").unwrap();
    let args = ["export", "--format", format, "--output", file.to_str().unwrap()];
    assert_eq!(out(&tegata(world, &args).await), "");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(file.parent().unwrap().read_dir().unwrap().count(), 1);
}

#[tokio::test]
async fn comma_separated_values() {
    let (world, folder) = (lived_in().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("ledger.csv");
    exported(&world, "csv", &file).await;
    let mut table = csv::Reader::from_path(&file).unwrap();
    let client = table.headers().unwrap().iter().position(|it| it == "client").unwrap();
    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 7);
    assert_eq!((&rows[6][0], &rows[6][client]), ("7", "'=1+1"));
}

#[tokio::test]
async fn columns_of_parquet() {
    let (world, folder) = (lived_in().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("ledger.parquet");
    exported(&world, "parquet", &file).await;
    let reader = SerializedFileReader::new(std::fs::File::open(&file).unwrap()).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let lines = out(&tegata(&world, &["export"]).await);
    let lines: Vec<Value> = lines.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(&lines) {
        let row: std::collections::BTreeMap<_, _> =
            row.get_column_iter().map(|(name, field)| (name.clone(), field.clone())).collect();
        for name in ["request", "issuer", "event", "client", "user", "jti", "parent", "reason"] {
            let text = match &row[name] {
                parquet::record::Field::Null => Value::Null,
                parquet::record::Field::Str(text) => text.clone().into(),
                other => panic!("{name}: {other}"),
            };
            assert_eq!(text, line[name], "{name}");
        }
        assert_eq!(row["place"].to_string(), line["place"].to_string());
        let parquet::record::Field::Bytes(hash) = &row["hash"] else { panic!("no hash") };
        assert_eq!(hash.data().len(), 32);
    }
}

#[tokio::test]
async fn columns_on_a_terminal() {
    let output = tegata(&lived_in().await, &["export", "--format", "parquet"]).await;
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @"tegata: a Parquet file is not for a terminal: name it by --output");
}
