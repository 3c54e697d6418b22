//! Tampering: what somebody with the card in their hands may do to the records, and who finds it. After each of them the
//! device still reads and saves, and gives no number again.

use std::fs;
use std::path::{Path, PathBuf};

use dermascope::pull::{PeerError, PullError};
use dermascope::records::chain::{self, Entry, Kind};
use dermascope::records::{Reader, RecordError, RecordsConfig, Store, What};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use crate::records::reading;
use crate::serial::pull_from;

/// Records on a device: six of which the second is deleted, the third's picture pruned, and an older copy of the database
/// with four.
struct Card {
    config: RecordsConfig,
    older: PathBuf,
    folder: TempDir,
}

impl Card {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
        let older = folder.path().join("older");
        let mut store = Store::open(&config).expect("opens");
        for seed in 1..=4 {
            store.save(&reading(seed)).expect("saves");
        }
        drop(store);
        copy(&config.folder, &older);
        let mut store = Store::open(&config).expect("opens");
        store.save(&reading(5)).expect("saves");
        store.delete(2, "asked for").expect("deletes");
        store.give_out("test", &[(3, true)]).expect("notes");
        store.prune("no room", |_, _| Ok::<_, RecordError>(true)).expect("prunes");
        store.save(&reading(6)).expect("saves");
        Self { config, older, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.config.folder.join(name)
    }

    fn sql(&self, script: &str) {
        let connection = Connection::open(self.path("records.sqlite")).expect("opens");
        connection.execute_batch(script).expect("alters");
    }

    fn image(&self, sequence: u64) -> PathBuf {
        let reader = Reader::open(&self.config).expect("opens");
        reader.image_path(&reader.get(sequence).expect("reads").expect("is there"))
    }

    /// Takes entries off the end, as carefully as somebody can who knows the database.
    fn cut(&self, from: u64) {
        self.sql(&format!("DELETE FROM entries WHERE position >= {from}"));
        self.set_newest();
    }

    /// Makes the database's own note of its newest entry right.
    fn set_newest(&self) {
        self.sql(
            "DELETE FROM meta WHERE key = 'newest';
             INSERT INTO meta SELECT 'newest', position || ' ' || chain_sha256 FROM entries
             ORDER BY position DESC LIMIT 1",
        );
    }

    /// Changes a word in the bodies from a position on, and works all hashes out anew.
    fn rewrite(&self, from: u64) {
        let connection = Connection::open(self.path("records.sqlite")).expect("opens");
        let device: String = connection
            .query_row("SELECT value FROM meta WHERE key = 'device'", [], |row| row.get(0))
            .expect("has one");
        let mut statement = connection.prepare("SELECT * FROM entries ORDER BY position").expect("prepares");
        let rows: Vec<(i64, String, i64, Option<String>, String, String)> = statement
            .query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })
            .and_then(Iterator::collect)
            .expect("reads");
        let mut previous = chain::start(&device);
        for (position, kind, sequence, body, _, chain_sha256) in rows {
            if (position as u64) < from {
                previous = chain_sha256;
                continue;
            }
            let text = body.clone().unwrap_or_default().replace("not_suspicious", "suspicious");
            let entry = Entry::following(&previous, position as u64, Kind::from(kind), sequence as u64, text);
            let update = "UPDATE entries SET body = ?, body_sha256 = ?, chain_sha256 = ? WHERE position = ?";
            let body = body.and(entry.body);
            connection
                .execute(update, params![body, entry.body_sha256, entry.chain_sha256, position])
                .expect("alters");
            previous = entry.chain_sha256;
        }
        drop(statement);
        drop(connection);
        self.set_newest();
    }

    fn remove_database(&self) {
        for name in ["records.sqlite", "records.sqlite-wal", "records.sqlite-shm"] {
            let _ = fs::remove_file(self.path(name));
        }
    }

    fn put_database(&self, from: &Path) {
        self.remove_database();
        fs::copy(from.join("records.sqlite"), self.path("records.sqlite")).expect("copies");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("makes");
    for file in fs::read_dir(from).expect("lists") {
        let file = file.expect("is readable").path();
        let target = to.join(file.file_name().expect("has a name"));
        if file.is_dir() {
            copy(&file, &target)
        } else {
            fs::copy(&file, &target).map(|_| ()).expect("copies")
        }
    }
}

/// Who finds it.
struct Found {
    /// The device, when it is started: what it then says for ever.
    device: Option<What>,
    /// `records verify` before the device has seen it.
    verify: bool,
}

const NOT: Found = Found { device: None, verify: true };

const fn by_device(what: What) -> Found {
    Found { device: Some(what), verify: true }
}

type Tampering = (&'static str, fn(&Card), Found);

const CHAIN: &[Tampering] = &[
    ("the newest entry is cut off", |card| card.cut(8), by_device(What::Shortened)),
    ("the last three entries are cut off", |card| card.cut(6), by_device(What::Shortened)),
    ("all but one are cut off", |card| card.cut(2), by_device(What::Shortened)),
    (
        "all entries are taken out",
        |card| card.sql("DELETE FROM entries; DELETE FROM meta WHERE key = 'newest'"),
        by_device(What::Emptied),
    ),
    (
        "an older copy of the database is put back",
        |card| card.put_database(&card.older),
        by_device(What::Shortened),
    ),
    (
        "the database is taken away",
        Card::remove_database,
        Found { device: Some(What::DatabaseGone), verify: false },
    ),
    (
        "an empty file is in the database's place",
        |card| {
            card.remove_database();
            fs::write(card.path("records.sqlite"), b"").expect("writes");
        },
        Found { device: Some(What::DatabaseGone), verify: false },
    ),
    (
        "database and anchor are taken away",
        |card| {
            card.remove_database();
            fs::remove_file(card.path("anchor.json")).expect("removes");
        },
        Found { device: Some(What::DatabaseGone), verify: false },
    ),
    (
        "another device's database is put in its place",
        |card| {
            let other = Card::new();
            card.put_database(&other.config.folder);
        },
        by_device(What::Replaced),
    ),
    ("the whole chain is made anew", |card| card.rewrite(1), by_device(What::Rewritten)),
    ("the chain is made anew from the middle on", |card| card.rewrite(4), by_device(What::Rewritten)),
    ("the newest entry is made anew", |card| card.rewrite(8), by_device(What::Rewritten)),
    ("an entry in the middle is taken out", |card| card.sql("DELETE FROM entries WHERE position = 4"), NOT),
    ("the first entry is taken out", |card| card.sql("DELETE FROM entries WHERE position = 1"), NOT),
    (
        "two entries change places",
        |card| {
            card.sql("UPDATE entries SET position = -1 WHERE position = 1; UPDATE entries SET position = 1 WHERE position = 4; UPDATE entries SET position = 4 WHERE position = -1")
        },
        NOT,
    ),
    (
        "a result is changed",
        |card| {
            card.sql(
                "UPDATE entries SET body = replace(body, 'not_suspicious', 'suspicious') WHERE position = 1",
            )
        },
        NOT,
    ),
    (
        "a picture's hash in a record is changed",
        |card| {
            card.sql("UPDATE entries SET body = json_set(body, '$.image_sha256', '00') WHERE position = 4")
        },
        NOT,
    ),
    (
        "a body and its hash are taken from another entry",
        |card| {
            card.sql("UPDATE entries SET (body, body_sha256) = (SELECT body, body_sha256 FROM entries WHERE position = 4) WHERE position = 1")
        },
        NOT,
    ),
    (
        "a record is emptied without a word",
        |card| card.sql("UPDATE entries SET body = NULL WHERE position = 1"),
        NOT,
    ),
    (
        "a deleted record's data is put back",
        |card| card.sql("UPDATE entries SET body = '{}' WHERE position = 2"),
        NOT,
    ),
    (
        "a record becomes a pruning",
        |card| card.sql("UPDATE entries SET kind = 'pruning' WHERE position = 4"),
        NOT,
    ),
    (
        "a record becomes a kind that nobody knows",
        |card| card.sql("UPDATE entries SET kind = 'loan' WHERE position = 4"),
        NOT,
    ),
    (
        "a record gets another number",
        |card| card.sql("UPDATE entries SET sequence = 77 WHERE position = 4"),
        NOT,
    ),
    (
        "the device gets another name",
        |card| card.sql("UPDATE meta SET value = '0011223344556677' WHERE key = 'device'"),
        by_device(What::Replaced),
    ),
    (
        "the note of the newest entry is taken out",
        |card| card.sql("DELETE FROM meta WHERE key = 'newest'"),
        NOT,
    ),
];

const LAYOUT: &[Tampering] = &[
    (
        "a trigger deletes rows",
        |card| {
            card.sql("CREATE TRIGGER away AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE position = 1; END")
        },
        by_device(What::SchemaAltered),
    ),
    (
        "a column lies",
        |card| {
            card.sql("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '$.verdict', '$.body_site') WHERE name = 'entries'; PRAGMA writable_schema = RESET")
        },
        by_device(What::SchemaAltered),
    ),
    ("an index is gone", |card| card.sql("DROP INDEX record_by_case"), by_device(What::SchemaAltered)),
    ("a table is added", |card| card.sql("CREATE TABLE shadow (x)"), by_device(What::SchemaAltered)),
    (
        "a view stands before a table",
        |card| card.sql("CREATE VIEW records AS SELECT * FROM entries"),
        by_device(What::SchemaAltered),
    ),
];

const ANCHOR: &[Tampering] = &[
    (
        "the anchor is taken away",
        |card| fs::remove_file(card.path("anchor.json")).expect("removes"),
        by_device(What::AnchorGone),
    ),
    (
        "the anchor is set back by hand",
        |card| {
            let text = fs::read_to_string(card.path("anchor.json")).expect("reads");
            fs::write(card.path("anchor.json"), text.replace("\"position\":8", "\"position\":4"))
                .expect("writes");
        },
        by_device(What::AnchorAltered),
    ),
    (
        "the anchor is no anchor",
        |card| fs::write(card.path("anchor.json"), b"\0\0").expect("writes"),
        by_device(What::AnchorAltered),
    ),
    (
        "a folder is in the anchor's place",
        |card| {
            fs::remove_file(card.path("anchor.json")).expect("removes");
            fs::create_dir(card.path("anchor.json")).expect("makes");
        },
        by_device(What::AnchorAltered),
    ),
    (
        "the device's key is another one",
        |card| fs::write(card.path("device.key"), [7; 32]).expect("writes"),
        Found { device: Some(What::KeyChanged), verify: false },
    ),
];

const PICTURES: &[Tampering] = &[
    ("a picture is taken away", |card| fs::remove_file(card.image(4)).expect("removes"), NOT),
    (
        "a bit of a picture is turned",
        |card| {
            let path = card.image(4);
            let mut bytes = fs::read(&path).expect("reads");
            bytes[50] ^= 1;
            fs::write(path, bytes).expect("writes");
        },
        NOT,
    ),
    (
        "a picture is cut short",
        |card| {
            let path = card.image(4);
            let bytes = fs::read(&path).expect("reads");
            fs::write(path, &bytes[..20]).expect("writes");
        },
        NOT,
    ),
    (
        "two pictures change places",
        |card| {
            let (a, b) = (card.image(4), card.image(5));
            let (x, y) = (fs::read(&a).expect("reads"), fs::read(&b).expect("reads"));
            fs::write(a, y).expect("writes");
            fs::write(b, x).expect("writes");
        },
        NOT,
    ),
    (
        "a folder is in a picture's place",
        |card| {
            let path = card.image(4);
            fs::remove_file(&path).expect("removes");
            fs::create_dir(path).expect("makes");
        },
        NOT,
    ),
    (
        "a pipe is in a picture's place",
        |card| {
            let path = card.image(4);
            fs::remove_file(&path).expect("removes");
            assert!(std::process::Command::new("mkfifo").arg(path).status().expect("runs").success());
        },
        NOT,
    ),
    (
        "a picture has three gigabytes",
        |card| {
            fs::File::options()
                .write(true)
                .open(card.image(4))
                .and_then(|file| file.set_len(3 << 30))
                .expect("grows")
        },
        NOT,
    ),
    (
        "a link to nowhere is in a picture's place",
        |card| {
            let path = card.image(4);
            fs::remove_file(&path).expect("removes");
            std::os::unix::fs::symlink("nowhere", path).expect("links");
        },
        NOT,
    ),
    (
        "the folder of the pictures is taken away",
        |card| fs::rename(card.path("images"), card.path("aside")).expect("renames"),
        NOT,
    ),
    (
        "a picture that no record knows is put there",
        |card| fs::write(card.path("images/stranger.jpg"), b"x").expect("writes"),
        NOT,
    ),
];

fn check(cases: &[Tampering]) {
    for (name, alter, found) in cases {
        let card = Card::new();
        assert!(Reader::open(&card.config).expect("opens").verify().expect("verifies").is_sound(), "before");
        alter(&card);
        if found.verify {
            let report = Reader::open(&card.config).and_then(|reader| reader.verify());
            let report = report.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!report.is_sound(), "{name}: verify finds nothing");
        }
        let mut store = Store::open(&card.config).unwrap_or_else(|error| panic!("{name}: {error}"));
        let unseen = store.unseen().expect("reads").map(|finding| finding.what);
        assert_eq!(unseen, found.device, "{name}");
        let next = store.save(&reading(99)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(next > 6 || card_is_new(name), "{name}: number {next} is given again");
        let saved = store.get(next).expect("reads").expect("is there");
        assert!(store.image(&saved).is_ok(), "{name}: the new picture is there");
        // Others can still be listed and exported, and what was found stays known when one more was saved.
        assert!(!store.list(&Default::default(), 10).expect("lists").records.is_empty(), "{name}");
        let report = store.verify().unwrap_or_else(|error| panic!("{name}: {error}"));
        let known = |what| {
            report.problems.iter().any(|problem| matches!(problem, dermascope::records::Problem::Found { finding, .. } if finding.what == what))
        };
        assert!(found.device.is_none_or(known), "{name}: {:?}", report.problems);
        assert!(!report.is_sound() || is_mended(name), "{name}: forgotten after a press");
        store.set_seen().expect("notes");
        assert_eq!(store.unseen().expect("reads"), None, "{name}: a person has seen it");
        drop(store);
        let store = Store::open(&card.config).expect("opens");
        assert_eq!(store.unseen().expect("reads"), None, "{name}: it is not told again");
        drop(card.folder);
    }
    println!("{} kinds of tampering", cases.len());
}

/// With database and anchor gone nothing says which numbers were given: the device then takes another name.
fn card_is_new(name: &str) -> bool {
    name == "database and anchor are taken away"
}

/// Saving writes the note anew, and the anchor knows better than it.
fn is_mended(name: &str) -> bool {
    name == "the note of the newest entry is taken out"
}

#[test]
fn a_chain_that_was_tampered_with_is_told_and_goes_on() {
    check(CHAIN);
}

#[test]
fn a_layout_that_was_tampered_with_is_told_and_goes_on() {
    check(LAYOUT);
}

#[test]
fn an_anchor_that_was_tampered_with_is_told_and_goes_on() {
    check(ANCHOR);
}

#[test]
fn pictures_that_were_tampered_with_are_told_and_the_others_go_on() {
    check(PICTURES);
}

#[test]
fn what_is_altered_under_a_running_device_is_told_at_the_next_save() {
    let card = Card::new();
    let mut store = Store::open(&card.config).expect("opens");
    assert_eq!(store.unseen().expect("reads"), None);
    card.cut(6);
    assert_eq!(
        store.save(&reading(50)).expect("saves"),
        7,
        "the numbers of what was cut off are not given again"
    );
    let finding = store.unseen().expect("reads").expect("it is told");
    assert_eq!((finding.what, finding.records_lost, finding.sequence), (What::Shortened, 1, 6));
    assert_eq!(store.count().expect("counts"), 5, "1, 3, 4, 5 and the new one; 2 is deleted and 6 is lost");
}

#[test]
fn a_folder_that_was_rolled_back_as_a_whole_is_told_by_what_was_noted_elsewhere() {
    let card = Card::new();
    let (position, hash) = Reader::open(&card.config).expect("opens").head().expect("reads");
    let records = card.config.folder.clone();
    fs::remove_dir_all(&records).expect("removes");
    copy(&card.older, &records);
    let mut store = Store::open(&card.config).expect("opens");
    assert_eq!(store.unseen().expect("reads"), None, "nothing here can tell");
    store.save(&reading(60)).expect("saves");
    let report = store.verify_noted(&[(position, hash.clone())]).expect("verifies");
    let not = dermascope::records::Problem::NotContained { position, chain_sha256: hash };
    assert_eq!(report.problems, [not]);
    let (position, hash) = store.head().expect("reads");
    assert!(store.verify_noted(&[(position, hash)]).expect("verifies").is_sound());
}

/// Who tells of a tampering before the device has been started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    device: bool,
    verify: bool,
    /// The laptop that pulled before.
    pull: bool,
    /// One that never did.
    first_pull: bool,
    /// Making an export, or verifying it with the key that was noted.
    export: bool,
}

impl Told {
    fn of(alter: fn(&Card)) -> Self {
        let card = Card::new();
        let key = dermascope::records::public_key(&card.config.folder).expect("is signed");
        alter(&card);
        let verified = Reader::open(&card.config).and_then(|reader| reader.verify());
        let verify = verified.is_ok_and(|report| !report.is_sound()) || Reader::open(&card.config).is_err();
        let export = export_tells(&card, &key);
        let device = Store::open(&card.config).expect("opens").unseen().expect("reads").is_some();
        let (pull, first_pull) = (pull_tells(alter, true), pull_tells(alter, false));
        Self { device, verify, pull, first_pull, export }
    }

    fn row(self, name: &str) -> String {
        let sign = |told| if told { "x" } else { " " };
        let Self { device, verify, pull, first_pull, export } = self;
        let [device, verify, pull, first_pull, export] = [device, verify, pull, first_pull, export].map(sign);
        format!("| {name} | {device} | {verify} | {pull} | {first_pull} | {export} |")
    }
}

/// Whether a laptop is told that pulls from the device, and has pulled before, or not.
fn pull_tells(alter: fn(&Card), again: bool) -> bool {
    let card = Card::new();
    let laptop = card.folder.path().join("laptop");
    if again {
        let before = pull_from(&card.config, &laptop).expect("pulls");
        assert!(before.missing.is_empty() && before.fork.is_none(), "{before:?}");
    }
    alter(&card);
    // On a busy computer a line may be silent for too long: that tells nothing.
    let pulled = std::iter::repeat_with(|| pull_from(&card.config, &laptop));
    let is_answered = |pulled: &Result<_, _>| !matches!(pulled, Err(PullError::Peer(error)) if !matches!(error, PeerError::Refused(_)));
    match pulled.take(9).find(is_answered).expect("the device answers") {
        Ok(report) => report.fork.is_some() || !report.missing.is_empty(),
        Err(_) => true,
    }
}

fn export_tells(card: &Card, key: &str) -> bool {
    use dermascope::records::export::{FORMATS, export, verify_archive};
    let Ok(reader) = Reader::open(&card.config) else { return true };
    let archive = card.folder.path().join("export.zip");
    let mut file = fs::File::create(&archive).expect("makes");
    let (_, _, format) = FORMATS[0];
    match export(&reader, &Default::default(), format, &mut file) {
        Ok(exported) if exported.lost().next().is_some() => true,
        Ok(_) => {
            let report = verify_archive(&archive).expect("reads");
            !report.problems.is_empty() || report.public_key != key
        }
        Err(_) => true,
    }
}

const HEAD: &str =
    "| what was done | device | `verify` | next `pull` | first `pull` | export |\n|---|---|---|---|---|---|";

/// The page is held to what is found: who does not find a thing is told there as plainly as who does.
#[test]
fn who_finds_what_is_as_the_docs_say() {
    let mut lines = vec![HEAD.to_string()];
    for (name, alter, _) in [CHAIN, LAYOUT, ANCHOR, PICTURES].into_iter().flatten() {
        let told = Told::of(*alter);
        assert!(told.device || told.verify, "{name}: nobody tells");
        lines.push(told.row(name));
    }
    let table = lines.join("\n");
    println!("{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/records.md");
    let page = fs::read_to_string(path).expect("reads");
    assert!(page.contains(&table), "docs/records.md does not have this table:\n{table}");
}

#[test]
fn a_database_without_its_logs_index_is_read_whole_and_one_without_its_log_is_told() {
    let card = Card::new();
    // Open, so that the log is there and not yet in the database.
    let mut store = Store::open(&card.config).expect("opens");
    store.save(&reading(7)).expect("saves");
    let copied = |names: &[&str]| {
        let folder = TempDir::new().expect("a temporary folder");
        for name in names {
            let from = card.path(name);
            if from.is_dir() {
                copy(&from, &folder.path().join(name));
            } else {
                fs::copy(&from, folder.path().join(name)).expect("copies");
            }
        }
        let config = RecordsConfig { folder: folder.path().into(), ..RecordsConfig::default() };
        (folder, config)
    };
    let rest = ["records.sqlite", "anchor.json", "device.key", "images"];
    let (_folder, config) = copied(&[&rest[..], &["records.sqlite-wal"]].concat());
    let reader = Reader::open(&config).expect("the index is made anew");
    assert_eq!(reader.newest().expect("reads"), 7);
    assert!(reader.verify().expect("verifies").is_sound());
    drop(reader);
    assert_eq!(Store::open(&config).expect("opens").unseen().expect("reads"), None);

    // Where it cannot be made, as on a medium that cannot be written to.
    let (folder, config) = copied(&[&rest[..], &["records.sqlite-wal"]].concat());
    // SQLite follows no link there.
    std::os::unix::fs::symlink("nowhere", folder.path().join("records.sqlite-shm")).expect("links");
    let told = Reader::open(&config).map(|_| ()).expect_err("cannot be read");
    assert!(matches!(told, RecordError::LogUnreadable { .. }), "{told}");
    assert!(told.to_string().contains("-shm") && !told.to_string().contains("dmesg"), "{told}");

    for index in [&[][..], &["records.sqlite-shm"]] {
        let (_folder, config) = copied(&[&rest[..], index].concat());
        let report = Reader::open(&config).and_then(|reader| reader.verify()).expect("what is there is read");
        assert!(!report.is_sound(), "what the log held is missed");
        let mut store = Store::open(&config).expect("opens");
        assert_eq!(store.unseen().expect("reads").expect("is told").what, What::Shortened);
        assert_eq!(store.save(&reading(8)).expect("saves"), 8, "no number is given again");
    }
}
