//! HTTPS beyond the cable, by the device's own certificate; and behind proxies, by theirs. With real curl and nginx.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dermascope::http::{self, HttpConfig, Server};
use dermascope::records::RecordsConfig;
use tempfile::TempDir;

use crate::http::raw;
use crate::http_access::{address_on_a_network, new_token};
use crate::shared::{nothing_to_show, skipped};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device that a network reaches, with its folder and its token.
struct Device {
    folder: TempDir,
    server: Server,
    token: String,
    port: u16,
}

fn serve(change: impl FnOnce(&mut HttpConfig)) -> Device {
    let (token, hash) = new_token();
    let folder = tempfile::tempdir().unwrap();
    let mut config =
        HttpConfig { listen: vec!["0.0.0.0:0".into()], token_sha256: Some(hash), ..HttpConfig::default() };
    change(&mut config);
    let records = RecordsConfig { folder: folder.path().into(), ..RecordsConfig::default() };
    let device = http::Device { records, ..nothing_to_show() };
    let server = http::serve(&config, "127.0.0.1".parse().unwrap(), device).unwrap().unwrap();
    let port = server.addresses()[0].port();
    Device { folder, server, token, port }
}

/// What curl says of a request, and the status in its last line.
struct Said {
    status: u16,
    text: String,
    /// Curl's own exit status.
    code: i32,
}

fn curl(arguments: &[&str]) -> Option<Said> {
    let silent =
        ["--silent", "--show-error", "--max-time", "30", "--include", "--write-out", "\n%{http_code}"];
    let output = Command::new("curl").args(silent).args(arguments).output().ok()?;
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let status = text.lines().find_map(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    Some(Said { status: status.unwrap_or(0), text, code: output.status.code().unwrap_or(-1) })
}

impl Device {
    /// Asks over a network by HTTPS, for `localhost`, which the certificate is for.
    fn ask(&self, outside: IpAddr, path: &str, more: &[&str]) -> Option<Said> {
        let port = self.port;
        let (resolve, url) =
            (format!("localhost:{port}:{outside}"), format!("https://localhost:{port}{path}"));
        let pem = self.folder.path().join("https.pem");
        curl(&[&["--cacert", pem.to_str().unwrap(), "--resolve", &resolve, &url], more].concat())
    }

    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.token)
    }
}

#[test]
fn beyond_the_cable_the_token_opens_by_https_alone() {
    let Some(outside) = address_on_a_network() else { return skipped("network", "HTTPS: no network") };
    let device = serve(|_| {});
    let Some(asked) = device.ask(outside, "/api/v1/status", &[]) else {
        return skipped("curl", "HTTPS: no curl");
    };
    assert_eq!(asked.status, 401, "{}", asked.text);
    assert!(asked.text.to_lowercase().contains("www-authenticate: basic"), "{}", asked.text);
    let opened = device.ask(outside, "/api/v1/status", &["-H", &device.bearer()]).unwrap();
    assert_eq!(opened.status, 200, "{}", opened.text);
    let far = SocketAddr::new(outside, device.port);
    let head = format!("Host: {far}\r\n{}\r\nConnection: close\r\n", device.bearer());
    let in_clear = raw(far, &format!("GET /api/v1/status?a=1 HTTP/1.1\r\n{head}\r\n"));
    let place = format!("https://{far}/api/v1/status?a=1");
    assert_eq!((in_clear.status, in_clear.header("location")), (307, Some(place.as_str())));
    assert_eq!((in_clear.header("www-authenticate"), in_clear.header("connection")), (None, Some("close")));
    let put = raw(far, &format!("PUT /api/v1/case HTTP/1.1\r\n{head}Content-Length: 2\r\n\r\n{{}}"));
    assert_eq!(put.status, 403, "it was sent in clear already");
    let health = raw(far, &format!("GET /healthz HTTP/1.1\r\nHost: {far}\r\nConnection: close\r\n\r\n"));
    assert_eq!(health.status, 200, "that tells nothing");
}

#[test]
fn on_the_device_itself_http_and_https_are_open_on_one_port() {
    let device = serve(|_| {});
    let here = SocketAddr::from(([127, 0, 0, 1], device.port));
    let status = format!("GET /api/v1/status HTTP/1.1\r\nHost: {here}\r\nConnection: close\r\n\r\n");
    assert_eq!(raw(here, &status).status, 200);
    let Some(secure) = device.ask(here.ip(), "/api/v1/status", &[]) else {
        return skipped("curl", "HTTPS: no curl");
    };
    assert_eq!(secure.status, 200, "{}", secure.text);
}

#[test]
fn nobody_is_taken_for_the_device_whose_certificate_is_known() {
    let (device, other) = (serve(|_| {}), serve(|_| {}));
    assert_ne!(device.server.fingerprint(), other.server.fingerprint());
    fs::copy(other.folder.path().join("https.pem"), device.folder.path().join("https.pem")).unwrap();
    let here = "127.0.0.1".parse().unwrap();
    let Some(refused) = device.ask(here, "/", &[]) else { return skipped("curl", "HTTPS: no curl") };
    // 60: the peer's certificate cannot be authenticated with known CA certificates.
    assert_eq!((refused.code, refused.status), (60, 0), "{}", refused.text);
}

#[test]
fn the_fingerprint_is_the_one_that_other_programs_find() {
    let device = serve(|_| {});
    let found = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(device.folder.path().join("https.pem"))
        .output();
    let Ok(found) = found else { return skipped("openssl", "a fingerprint: no openssl") };
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.trim().ends_with(device.server.fingerprint().unwrap()), "{found}");
    let config = device.folder.path().join("device.toml");
    fs::write(&config, format!("[records]\nfolder = \"{}\"\n", device.folder.path().display())).unwrap();
    let told =
        Command::new(env!("CARGO_BIN_EXE_dermascope")).args(["token", "--config"]).arg(&config).output();
    let told = String::from_utf8(told.unwrap().stdout).unwrap();
    assert!(told.contains(device.server.fingerprint().unwrap()), "{told}");
}

#[test]
fn the_pages_own_post_works_by_https_and_another_sites_does_not() {
    let Some(outside) = address_on_a_network() else { return skipped("network", "HTTPS: no network") };
    let device = serve(|_| {});
    let put = |origin: &str| {
        let origin = format!("Origin: {origin}");
        let body = ["-X", "PUT", "-H", "Content-Type: application/json", "-d", "{\"case_id\":\"A-1\"}"];
        device.ask(outside, "/api/v1/case", &[&body[..], &["-H", &origin, "-H", &device.bearer()]].concat())
    };
    let Some(own) = put(&format!("https://localhost:{}", device.port)) else {
        return skipped("curl", "HTTPS: no curl");
    };
    assert_eq!(own.status, 200, "{}", own.text);
    for other in [format!("http://localhost:{}", device.port), "https://evil.example".into()] {
        assert_eq!(put(&other).unwrap().status, 403, "{other}");
    }
}

#[test]
fn https_can_be_left_off() {
    let Some(outside) = address_on_a_network() else { return skipped("network", "HTTPS: no network") };
    let device = serve(|config| config.https = false);
    assert_eq!(device.server.fingerprint(), None);
    assert!(!device.folder.path().join("https.pem").exists());
    let far = SocketAddr::new(outside, device.port);
    let head = format!("Host: {far}\r\n{}\r\nConnection: close\r\n\r\n", device.bearer());
    assert_eq!(raw(far, &format!("GET /api/v1/status HTTP/1.1\r\n{head}")).status, 200);
}

#[test]
fn half_a_handshake_and_noise_end_their_own_connection_alone() {
    let device = serve(|_| {});
    let here = SocketAddr::from(([127, 0, 0, 1], device.port));
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    let mut open = Vec::new();
    for bytes in [&hello[..], &[0x16; 300], &[0x16, 0, 0, 0, 0], &[0x16], &[0x16, 3, 1, 0xff, 0xff]] {
        for cut in [1, bytes.len().div_ceil(2), bytes.len()] {
            let mut stream = TcpStream::connect(here).unwrap();
            stream.write_all(&bytes[..cut]).unwrap();
            open.push(stream);
        }
    }
    let status = format!("GET /api/v1/status HTTP/1.1\r\nHost: {here}\r\nConnection: close\r\n\r\n");
    assert_eq!(raw(here, &status).status, 200, "while they wait");
    open.truncate(3);
    for mut stream in open {
        // Once its time is over the device closes it, whatever it says before.
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(raw(here, &status).status, 200);
}

/// A real proxy with TLS before the device.
struct Nginx {
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Nginx {
    /// None where there is no nginx. `headers` are lines of its configuration.
    fn before(device: &Device, headers: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (path, upstream) = (folder.path().display(), device.port);
        // The certificate is nginx's, whoever made it.
        let pem = device.folder.path().join("https.pem");
        let config = format!(
            "daemon off; pid {path}/pid; error_log stderr;\nevents {{}}\nhttp {{ access_log off;\n\
             client_body_temp_path {path}/b; proxy_temp_path {path}/p; fastcgi_temp_path {path}/f;\n\
             uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
             server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {pem}; ssl_certificate_key {pem};\n\
             location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_set_header Host $http_host;\n\
             {headers} }} }} }}\n",
            pem = pem.display(),
        );
        fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let process = Command::new(nginx()?)
            .args(["-e", "stderr", "-c"])
            .arg(folder.path().join("nginx.conf"))
            .stderr(Stdio::inherit())
            .spawn()
            .ok()?;
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < PATIENCE, "nginx does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { process, port, folder })
    }

    fn ask(&self, more: &[&str]) -> Option<Said> {
        let port = self.port;
        let (resolve, url) =
            (format!("derma.example:{port}:127.0.0.1"), format!("https://derma.example:{port}/api/v1/case"));
        curl(&[&["--insecure", "--resolve", &resolve, &url], more].concat())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its worker is a process of its own, which only it can end.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        assert!(self.folder.path().exists());
    }
}

fn nginx() -> Option<&'static Path> {
    ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().map(Path::new).find(|path| path.exists())
}

#[test]
fn behind_a_trusted_nginx_the_token_opens_and_the_pages_own_post_works() {
    const FORWARDED: &str =
        "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;";
    let trusting = |config: &mut HttpConfig| {
        config.names = vec!["derma.example".into()];
        config.trusted_proxies = vec!["127.0.0.0/8".into()];
    };
    let device = serve(trusting);
    let Some(proxy) = Nginx::before(&device, FORWARDED) else { return skipped("nginx", "a proxy: no nginx") };
    let Some(asked) = proxy.ask(&[]) else { return skipped("curl", "a proxy: no curl") };
    assert_eq!(asked.status, 401, "{}", asked.text);
    let bearer = device.bearer();
    assert_eq!(proxy.ask(&["-H", &bearer]).unwrap().status, 200);
    let put = |origin: String| {
        let body = ["-X", "PUT", "-H", "Content-Type: application/json", "-d", "{\"case_id\":\"A-1\"}"];
        proxy.ask(&[&body[..], &["-H", &format!("Origin: {origin}"), "-H", &bearer]].concat()).unwrap()
    };
    let own = put(format!("https://derma.example:{}", proxy.port));
    assert_eq!(own.status, 200, "{}", own.text);
    assert_eq!(put("https://evil.example".into()).status, 403);
    // The same proxy, of which nobody said that it is to be trusted; and one that does not say how it was asked.
    let wary = serve(|config| config.names = vec!["derma.example".into()]);
    let silent = serve(trusting);
    for (device, headers) in [(&wary, FORWARDED), (&silent, "proxy_set_header X-Forwarded-For $remote_addr;")]
    {
        let proxy = Nginx::before(device, headers).unwrap();
        let refused = proxy.ask(&["-H", &device.bearer()]).unwrap();
        assert_eq!(refused.status, 403, "{}", refused.text);
        assert!(refused.text.contains("http.trusted_proxies"), "{}", refused.text);
    }
}
