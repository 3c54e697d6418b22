//! The whole device in a real browser: the daemon itself with a folder for a camera, pressed over its page in
//! headless Chromium.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use dermascope::digest::sha256_hex;
use dermascope::records::{Reader, Record, RecordError, RecordsConfig, Store};
use dermascope::synthetic;
use fantoccini::actions::{InputSource, KeyAction, KeyActions, MouseActions, PointerAction};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::http_access::{address_on_a_network, new_token};
use crate::shared::{manifest, skipped};

/// Long enough for any machine: nothing here is a measurement.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longer than the device's long press, shorter than its very long one.
const HOLD: Duration = Duration::from_millis(1500);

/// A process that ends with the test.
struct Process(Child);

impl Process {
    /// Starts a program and waits for the line of its output that `wanted` finds something in.
    fn start(command: &mut Command, wanted: impl Fn(&str) -> Option<String>) -> (Self, String) {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let process = Self(child);
        let found = lines.by_ref().find_map(|line| wanted(&line.expect("its output is text")));
        // The rest is read, so that the program never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        (process, found.expect("the program says where it listens before it ends"))
    }

    /// Asks it to end, and waits.
    fn end(mut self) -> ExitStatus {
        let asked = Command::new("kill").arg(self.0.id().to_string()).status().expect("kill runs");
        assert!(asked.success());
        self.0.wait().expect("it ends")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Has ended already where the test passed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether Chromium is there. Without it the tests here are skipped, but never where CI counts on them.
fn no_browser(test: &str) -> bool {
    let runs = |program: &str| {
        let mut version = Command::new(program);
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    };
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let there = runs("chromedriver") && browsers.into_iter().any(runs);
    if !there {
        skipped(
            "chromium",
            &format!("{test}: needs chromium and chromedriver (apt install chromium chromium-driver)"),
        );
    }
    !there
}

/// The daemon on a folder of synthetic lesions, and its page in a browser.
struct Device {
    /// Its page's address.
    page: String,
    pictures: Vec<PathBuf>,
    records: RecordsConfig,
    daemon: Process,
    client: Client,
    _driver: Process,
    _folder: TempDir,
}

impl Device {
    async fn start() -> Self {
        let device = Self::start_with("listen = \"127.0.0.1:0\"").await;
        device.client.goto(&device.page).await.expect("the page opens");
        device
    }

    /// With these keys of `[http]`; no page is opened yet.
    async fn start_with(http: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let camera = folder.path().join("camera");
        let pictures = synthetic::folder(&camera, 3).expect("draws pictures");
        let records = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
        let config = folder.path().join("dermascope.toml");
        fs::write(&config, configuration(&camera, &records.folder, http)).expect("writes the configuration");
        let mut command = Command::new(env!("CARGO_BIN_EXE_dermascope"));
        command.arg("run").arg("--config").arg(&config);
        let (daemon, page) =
            Process::start(&mut command, |line| line.strip_prefix("listening on ").map(String::from));
        let (driver, client) = browser(&folder.path().join("profile")).await;
        Self { page, pictures, records, daemon, client, _driver: driver, _folder: folder }
    }

    /// Waits until the page tells of a screen.
    async fn screen(&self, name: &str) {
        self.element(&format!("#now[data-screen={name}]")).await;
    }

    async fn element(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css}: {error}; the page says: {}", self.words().await),
        }
    }

    async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let patience = std::time::Instant::now() + PATIENCE;
        while !condition().await {
            assert!(std::time::Instant::now() < patience, "waited in vain until {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the page tells people who do not see the screen.
    async fn words(&self) -> String {
        let now = self.client.find(Locator::Css("#now")).await.expect("the page has a live text");
        now.text().await.expect("it has a text")
    }

    /// Shows one of the page's views.
    async fn view(&self, hash: &str) {
        let script = "location.hash = arguments[0]";
        self.client.execute(script, vec![json!(hash)]).await.expect("the script runs");
    }

    async fn text(&self, css: &str) -> String {
        self.element(css).await.text().await.expect("it has a text")
    }

    async fn click(&self, css: &str) {
        self.element(css).await;
        let script = "document.querySelector(arguments[0]).click()";
        self.client.execute(script, vec![json!(css)]).await.expect("the script runs");
    }

    /// Puts a value into a field of a form.
    async fn fill(&self, css: &str, value: &str) {
        self.element(css).await;
        let script = "document.querySelector(arguments[0]).value = arguments[1]";
        self.client.execute(script, vec![json!(css), json!(value)]).await.expect("the script runs");
    }

    /// Says on the page what the next pictures are of.
    async fn say(&self, case: &str, lesion: &str) {
        self.fill("#case [name=case_id]", case).await;
        self.fill("#case [name=lesion]", lesion).await;
        self.click("#case .says button").await;
        let words = format!("The next pictures are of {case} {lesion}.");
        self.until("it holds", async || self.text("#case-state").await == words).await;
    }

    async fn number(&self, script: &str) -> u64 {
        let value = self.client.execute(script, vec![]).await.expect("the script runs");
        value.as_u64().unwrap_or_else(|| panic!("{script} gave {value}"))
    }

    /// Keeps what the browser shows where DERMASCOPE_SCREENSHOTS says, to be looked at.
    async fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("DERMASCOPE_SCREENSHOTS") {
            let picture = self.client.screenshot().await.expect("the browser draws");
            fs::write(Path::new(&folder).join(format!("{name}.png")), picture).expect("the folder is there");
        }
    }

    /// Presses the main button with the mouse and gives the record that its result was saved as. A picture that
    /// was refused is used anyway, by holding the button.
    async fn take_picture(&self) -> Record {
        let button = self.element("[data-button=main]").await;
        self.screen("viewfinder").await;
        button.click().await.expect("the button is there");
        self.element("#now[data-screen=result], #now[data-screen=retake]").await;
        let retake = self.client.find(Locator::Css("#now[data-screen=retake]")).await.is_ok();
        if retake {
            self.hold_mouse(&button).await;
        }
        self.screen("result").await;
        let saved = self.element("#now:not([data-record=''])").await;
        let sequence = saved.attr("data-record").await.expect("has it").expect("has it").parse();
        let reader = Reader::open(&self.records).expect("there are records");
        let record = reader.get(sequence.expect("a number")).expect("reads").expect("is there");
        assert_eq!(record.overridden, retake);
        record
    }

    async fn hold_mouse(&self, button: &fantoccini::elements::Element) {
        let mouse = MouseActions::new("mouse".into())
            .then(PointerAction::MoveToElement { element: button.clone(), duration: None, x: 0.0, y: 0.0 })
            .then(PointerAction::Down { button: 0 })
            .then(PointerAction::Pause { duration: HOLD })
            .then(PointerAction::Up { button: 0 });
        self.client.perform_actions(mouse).await.expect("the mouse moves");
    }

    async fn key(&self, value: char, held: Duration) {
        let keys = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value })
            .then(KeyAction::Pause { duration: held })
            .then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.expect("the keys move");
    }

    /// Closes the browser, ends the daemon, and checks that nothing was lost.
    async fn finish(self) {
        self.client.close().await.expect("the browser closes");
        assert!(self.daemon.end().success(), "the daemon ends well");
        let report = Reader::open(&self.records).expect("there are records").verify().expect("verifies");
        assert!(report.is_sound(), "{:?}", report.problems);
    }
}

fn configuration(camera: &Path, records: &Path, http: &str) -> String {
    format!(
        "[model]\nmanifest = {:?}\n\
         [camera]\nkind = \"folder\"\nfolder = {camera:?}\n\
         [panel]\nkind = \"virtual\"\n\
         [buttons]\nkind = \"virtual\"\n\
         [records]\nfolder = {records:?}\n\
         [http]\n{http}\n",
        manifest()
    )
}

async fn browser(profile: &Path) -> (Process, Client) {
    let port = |line: &str| {
        let (_, rest) = line.split_once("started successfully on port ")?;
        Some(rest.trim_end_matches('.').to_string())
    };
    let (driver, port) = Process::start(Command::new("chromedriver").arg("--port=0"), port);
    let profile = format!("--user-data-dir={}", profile.display());
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,860",
        &profile,
    ];
    // As a person who compared the fingerprint: the certificate is the device's own.
    let options = json!({ "goog:chromeOptions": { "args": arguments }, "acceptInsecureCerts": true });
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(options.as_object().cloned().expect("an object"))
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .expect("Chromium starts");
    (driver, client)
}

fn in_a_runtime(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

#[test]
fn a_press_in_the_browser_leads_to_a_record_of_the_very_bytes() {
    if no_browser("a_press_in_the_browser_leads_to_a_record_of_the_very_bytes") {
        return;
    }
    in_a_runtime(async {
        let device = Device::start().await;
        device.screen("viewfinder").await;
        device.picture("viewfinder").await;
        let record = device.take_picture().await;
        device.picture("result").await;

        let words = device.words().await;
        assert!(words.contains(record.verdict.word()), "{words}");
        assert!(words.contains(&format!("Saved as record {}", record.sequence)), "{words}");
        assert!(words.contains(dermascope::RESEARCH_ONLY), "{words}");

        let kept =
            fs::read(Reader::open(&device.records).expect("opens").image_path(&record)).expect("is there");
        assert_eq!(sha256_hex(&kept), record.image_sha256);
        let shown = device.pictures.iter().map(|path| sha256_hex(&fs::read(path).expect("is there")));
        assert!(shown.into_iter().any(|sha256| sha256 == record.image_sha256), "not a picture of the camera");

        // The page lists it, with its picture, and has asked nobody but the device.
        device.element("#latest li.shown img").await;
        let all_loaded =
            "return [...document.images].every((image) => image.complete && image.naturalWidth > 0) ? 1 : 0";
        device.until("its pictures load", async || device.number(all_loaded).await == 1).await;
        let elsewhere = "return performance.getEntriesByType('resource')\
                         .filter((entry) => !entry.name.startsWith(location.origin)).length";
        assert_eq!(device.number(elsewhere).await, 0);
        device.finish().await;
    });
}

#[test]
fn the_keyboard_is_enough() {
    if no_browser("the_keyboard_is_enough") {
        return;
    }
    const RIGHT: char = '\u{e014}';
    const ESCAPE: char = '\u{e00c}';
    in_a_runtime(async {
        let device = Device::start().await;
        device.take_picture().await;
        device.key(ESCAPE, Duration::ZERO).await;
        device.screen("viewfinder").await;
        // Held: the newest past result.
        device.key(' ', HOLD).await;
        device.screen("history").await;
        device.picture("history").await;
        device.key(RIGHT, Duration::ZERO).await;
        let looked = async || device.words().await.contains("where the network looked");
        device.until("the next page comes", looked).await;
        device.key(ESCAPE, Duration::ZERO).await;
        device.screen("viewfinder").await;
        device.finish().await;
    });
}

#[test]
fn a_record_is_found_by_a_filter_and_shown_with_all_that_is_known() {
    if no_browser("a_record_is_found_by_a_filter_and_shown_with_all_that_is_known") {
        return;
    }
    in_a_runtime(async {
        let device = Device::start().await;
        let record = device.take_picture().await;
        let verdict = serde_json::to_value(record.verdict).expect("a word");
        let verdict = verdict.as_str().expect("a word");
        let other = if verdict == "suspicious" { "not_suspicious" } else { "suspicious" };

        device.view("#/records").await;
        device.element("#gallery li").await;
        device.click(&format!("#filters input[value={other}]")).await;
        device.element("#none:not([hidden])").await;
        device.click(&format!("#filters input[value={verdict}]")).await;
        device.element("#gallery li").await;
        let href = device.element("#download").await.attr("href").await.expect("has it").expect("has it");
        assert_eq!(href, format!("/api/v1/export.zip?verdict={verdict}"));
        device.picture("records").await;

        device.click("#gallery a").await;
        device.element("canvas.picture[data-drawn=yes]").await;
        device.picture("record").await;
        let words = device.text("#record").await;
        for part in [dermascope::RESEARCH_ONLY, &record.image_sha256, &record.device] {
            assert!(words.contains(part), "{part} is missing in {words}");
        }
        let shown = device.text(".verdict-card .word").await;
        assert!(shown.eq_ignore_ascii_case(record.verdict.word()), "{shown}");
        let classes = device.number("return document.querySelectorAll('.classes li').length").await;
        assert_eq!(classes as usize, record.assessment.probabilities.len());
        // The map is drawn over the picture, and can be taken away.
        let ink = "const canvas = document.querySelector('canvas.picture');\
                   const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;\
                   return data.reduce((sum, value, at) => (sum * 31 + value + at) % 1000003, 7)";
        let with = device.number(ink).await;
        device.click(".switch input").await;
        assert_ne!(device.number(ink).await, with);
        device.finish().await;
    });
}

#[test]
fn a_case_is_said_by_keyboard_and_stands_in_the_next_record() {
    if no_browser("a_case_is_said_by_keyboard_and_stands_in_the_next_record") {
        return;
    }
    in_a_runtime(async {
        let device = Device::start().await;
        device.screen("viewfinder").await;
        let field = device.element("#case input[name=case_id]").await;
        field
            .send_keys("AB-12\u{e004}l3\u{e004}forea\u{e004}lef\u{e004}near the wrist\u{e006}")
            .await
            .expect("types, tabs on, and enters");
        let said = async |words: &str| device.text("#case-state").await == words;
        device
            .until("it holds", async || {
                said("The next pictures are of AB-12 L3, left forearm: near the wrist.").await
            })
            .await;
        device
            .until("the screen says so", async || device.words().await.contains("AB-12 L3, left forearm"))
            .await;
        device.picture("case").await;
        let record = device.take_picture().await;
        assert_eq!(record.case().words(), "AB-12 L3, left forearm: near the wrist");

        device.view("#/records?case_id=AB-12&lesion=L3").await;
        device.element("#gallery li").await;
        device.view("#/records?case_id=AB-12&lesion=L4").await;
        device.element("#none:not([hidden])").await;
        device.view("#/").await;
        device.click("#case-clear").await;
        device.until("it is cleared", async || said("No case is set.").await).await;
        // The space bar is the device's button again: it goes on from the result.
        device.key(' ', HOLD).await;
        let record = device.take_picture().await;
        assert!(record.case().is_none());
        device.finish().await;
    });
}

#[test]
fn from_a_network_the_browser_asks_for_the_token_and_then_all_of_the_page_works() {
    let test = "from_a_network_the_browser_asks_for_the_token_and_then_all_of_the_page_works";
    let Some(outside) = address_on_a_network() else {
        return skipped("network", &format!("{test}: this computer has no network"));
    };
    if no_browser(test) {
        return;
    }
    in_a_runtime(async {
        let (token, hash) = new_token();
        let http = format!("listen = [\"{outside}:0\"]\ntoken_sha256 = \"{hash}\"");
        let mut device = Device::start_with(&http).await;
        let host = device.page.strip_prefix("http://").expect("an address").to_string();
        // In clear one is led to HTTPS before anything is asked or shown.
        device.page = format!("https://{host}");
        // Nobody answers the browser's question: the device shows nothing of itself.
        let _ = device.client.goto(&device.page).await;
        let source = device.client.source().await.expect("there is some page");
        assert!(!source.contains("view-device"), "{source}");
        device.client.goto(&format!("https://anyone:{}@{host}/", &token[1..])).await.ok();
        let source = device.client.source().await.expect("there is some page");
        assert!(!source.contains("view-device"), "{source}");

        device.client.goto(&format!("https://anyone:{token}@{host}/")).await.expect("the page opens");
        // As a person has it who typed the token: it is not in the address any more.
        device.client.goto(&device.page).await.expect("the page opens");
        device.screen("viewfinder").await;
        let drawn =
            "return document.getElementById('screen').getContext('2d').getImageData(120, 60, 1, 1).data[0]";
        device.until("the live picture comes", async || device.number(drawn).await > 0).await;
        let record = device.take_picture().await;
        device.view(&format!("#/records/{}", record.sequence)).await;
        device.element("canvas.picture[data-drawn=yes]").await;
        device.picture("token").await;
        device.finish().await;
    });
}

#[test]
fn a_record_whose_picture_has_left_is_shown_without_it() {
    if no_browser("a_record_whose_picture_has_left_is_shown_without_it") {
        return;
    }
    in_a_runtime(async {
        let device = Device::start().await;
        let record = device.take_picture().await;
        let mut store = Store::open(&device.records).expect("opens");
        store.give_out("test", &[(record.sequence, true)]).expect("notes");
        store.prune("test", |_, _| Ok::<_, RecordError>(true)).expect("prunes");
        drop(store);
        device.view(&format!("#/records/{}", record.sequence)).await;
        let left = async || device.text("#record").await.contains("The picture has left the device");
        device.until("it says so", left).await;
        device.picture("gone").await;
        let shown = device.text(".verdict-card .word").await;
        assert!(shown.eq_ignore_ascii_case(record.verdict.word()), "{shown}");
        device.finish().await;
    });
}

#[test]
fn a_photograph_is_read_on_the_page_and_not_kept() {
    if no_browser("a_photograph_is_read_on_the_page_and_not_kept") {
        return;
    }
    in_a_runtime(async {
        let device = Device::start().await;
        device.screen("viewfinder").await;
        device.view("#/photograph").await;
        let photo = device.pictures[0].to_str().expect("a path");
        device.element("#photo").await.send_keys(photo).await.expect("takes a file");
        device.element("#photo-result canvas.picture[data-drawn=yes]").await;
        device.picture("photograph").await;
        assert!(device.text("#photo-result").await.contains(dermascope::RESEARCH_ONLY));
        assert_eq!(Reader::open(&device.records).and_then(|reader| reader.count()).expect("counts"), 0);

        let broken = device._folder.path().join("broken.jpg");
        fs::write(&broken, &fs::read(photo).expect("is there")[..200]).expect("writes");
        device
            .element("#photo")
            .await
            .send_keys(broken.to_str().expect("a path"))
            .await
            .expect("takes a file");
        let said = device.text("#photo-state.wrong").await;
        assert!(said.contains("broken.jpg"), "{said}");
        device.finish().await;
    });
}

#[test]
fn every_view_fits_a_phone_and_names_all_that_can_be_used() {
    if no_browser("every_view_fits_a_phone_and_names_all_that_can_be_used") {
        return;
    }
    in_a_runtime(async {
        let device = Device::start().await;
        let record = device.take_picture().await;
        device.client.set_window_size(500, 800).await.expect("the window shrinks");
        for (view, ready) in [
            ("#/", "#latest li"),
            ("#/records", "#gallery li"),
            (&format!("#/records/{}", record.sequence), "canvas.picture[data-drawn=yes]"),
            ("#/photograph", "#view-photograph:not([hidden])"),
            (&format!("#/compare?records={}", record.sequence), "#compare canvas"),
            ("#/due", "#due > *"),
            ("#/performance", "#performance .card"),
        ] {
            device.view(view).await;
            device.element(ready).await;
            let beyond = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(device.number(beyond).await, 0, "{view} is wider than the window");
            let nameless = "return [...document.querySelectorAll('a[href], button, input, select, canvas, img')]\
                 .filter((one) => one.checkVisibility())\
                 .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.length || one.alt === ''))\
                 .length";
            assert_eq!(device.number(nameless).await, 0, "{view} has something without a name");
        }
        device.finish().await;
    });
}

#[test]
fn the_same_lesion_again_is_compared_its_outcome_noted_and_the_next_look_listed() {
    if no_browser("the_same_lesion_again_is_compared_its_outcome_noted_and_the_next_look_listed") {
        return;
    }
    in_a_runtime(async {
        let device = Device::start().await;
        device.screen("viewfinder").await;
        device.say("AB-12", "L1").await;
        let first = device.take_picture().await;
        assert_eq!(first.case().words(), "AB-12 L1");
        device.key(' ', HOLD).await;
        device.screen("viewfinder").await;
        // The screen shows where the lesion lay.
        device.picture("again-live").await;
        let second = device.take_picture().await;
        device.key(' ', Duration::ZERO).await;
        device.until("before and now", async || device.words().await.contains("before and now")).await;
        device.picture("again-result").await;

        device.view(&format!("#/records/{}", second.sequence)).await;
        let link = format!("a[href='#/compare?records={},{}']", first.sequence, second.sequence);
        device.element(&link).await;
        device.click(&link).await;
        device.element("#compare .beside canvas:nth-of-type(1)").await;
        assert_eq!(device.text("#compare .whose").await, "AB-12 L1");
        for (way, part) in
            [("slider", ".stack + input"), ("overlay", ".stack + input"), ("flicker", ".stack + button")]
        {
            device.click(&format!("#compare .ways a[href$='way={way}']")).await;
            device.element(&format!("#compare .two {part}")).await;
            device.picture(&format!("compare-{way}")).await;
        }
        let said = device.text("#compare").await;
        assert!(said.contains("not known to be harmless") && said.contains("not registered"), "{said}");

        // Half a year later everything is due.
        device.view("#/due?by=2999-01-01").await;
        device.element(&format!("#due a[href='#/records/{}']", second.sequence)).await;
        device.picture("due").await;

        device.view(&format!("#/records/{}", second.sequence)).await;
        device.element(".outcome-form").await;
        device.picture("record-outcome").await;
        device.fill(".outcome-form [name=diagnosis]", "melanoma").await;
        device.fill(".outcome-form [name=confirmed_by]", "histopathology").await;
        device.fill(".outcome-form [name=by]", "Dr A").await;
        device.click(".outcome-form button").await;
        let noted = async || {
            let holds = device.text(".outcome-card .holds").await;
            holds == "Noted: melanoma, confirmed by histopathology, by Dr A"
        };
        device.until("it is noted", noted).await;
        let reader = Reader::open(&device.records).expect("opens");
        let outcome = reader.outcome(second.sequence).expect("reads").expect("is noted").outcome;
        assert_eq!(outcome.truth(), Some(true));

        // Cut out: no more to look at; and counted.
        device.view("#/due").await;
        device.view("#/due?by=2999-01-01").await;
        let empty = async || device.text("#due").await.starts_with("Nothing is due");
        device.until("it is not due any more", empty).await;
        device.view("#/performance").await;
        let counted = async || device.text("#performance").await.contains("1 malignant, 0 benign");
        device.until("it is counted", counted).await;
        assert!(device.text("#performance").await.contains("too few to say"));
        device.picture("performance").await;
        device.client.set_window_size(390, 844).await.expect("a phone's window");
        for (name, view) in [
            ("performance", "#/performance".to_string()),
            ("due", "#/due?by=2999-01-01".into()),
            ("compare", format!("#/compare?records={},{}", first.sequence, second.sequence)),
            ("record", format!("#/records/{}", second.sequence)),
            ("device", "#/".into()),
        ] {
            device.view(&view).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let beyond = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(device.number(beyond).await, 0, "{name} is wider than a phone");
            device.picture(&format!("phone-{name}")).await;
        }
        device.finish().await;
    });
}
