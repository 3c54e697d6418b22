//! Photographs over HTTP: read by the device's own path, refused with a reason, never kept.

use std::io::Write;

use dermascope::classifier::{Assessment, Classifier, ModelConfig, Timings};
use dermascope::digest::sha256_hex;
use dermascope::picture::Region;
use dermascope::records::Reader;
use dermascope::{picture, quality, synthetic};
use serde_json::Value;

use crate::http::{Answer, Bench, answer, bench, connect, get, post_bytes};
use crate::shared::manifest;

const PATH: &str = "/api/v1/classify";

/// A photograph that is wider than high.
fn photograph() -> Vec<u8> {
    let lesion = synthetic::lesion(7, 300);
    let mut wide = image::RgbImage::from_pixel(360, 300, image::Rgb([224, 180, 160]));
    image::imageops::replace(&mut wide, &lesion, 30, 0);
    picture::encode_png(&wide).expect("encodes").bytes.to_vec()
}

fn form(field: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let head = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--cut\r\n\
         Content-Disposition: form-data; name=\"{field}\"; filename=\"mole.png\"\r\nContent-Type: image/png\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, b"\r\n--cut--\r\n"].concat();
    ("multipart/form-data; boundary=cut".into(), body)
}

fn without_times(mut assessment: Assessment) -> Assessment {
    assessment.timings = Timings::default();
    assessment
}

fn is_problem(answer: &Answer, status: u16) {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, Some("application/problem+json")),
        "{text}"
    );
}

#[test]
fn a_photograph_gets_the_reading_that_the_device_would_give_it() {
    let (bench, photo) = (bench(), photograph());
    let (kind, body) = form("photo", &photo);
    let as_form = post_bytes(&bench, PATH, &kind, &body);
    assert_eq!(as_form.status, 200, "{}", String::from_utf8_lossy(&as_form.body));
    let as_body = post_bytes(&bench, PATH, "image/png", &photo);

    let (pixels, _) = picture::decode(&photo).expect("decodes");
    let Region { x, y, width, height } = Region::centre_square(360, 300, 1.0);
    let seen = image::imageops::crop_imm(&pixels, x, y, width, height).to_image();
    let config = ModelConfig { manifest: Some(manifest()), ..ModelConfig::default() };
    let expected = Classifier::load(&config).and_then(|mut model| model.assess(&seen)).expect("reads");
    let quality = quality::measure(&seen, &Default::default());
    for answer in [as_form.json(), as_body.json()] {
        let assessment = serde_json::from_value(answer["assessment"].clone()).expect("an assessment");
        assert_eq!(without_times(assessment), without_times(expected.clone()));
        assert_eq!(
            serde_json::from_value::<quality::Quality>(answer["quality"].clone()).expect("a quality"),
            quality
        );
        assert_eq!(answer["image_sha256"], sha256_hex(&photo));
        assert_eq!(answer["field_of_view"]["x"], 30);
        assert_eq!(answer["notice"], dermascope::RESEARCH_ONLY);
    }
    assert_eq!(
        Reader::open(&bench.records).and_then(|reader| reader.count()).expect("counts"),
        3,
        "nothing is kept"
    );
}

#[test]
fn a_photograph_of_bad_quality_is_to_be_taken_again() {
    let dark = image::RgbImage::from_pixel(64, 64, image::Rgb([4, 3, 2]));
    let answer = post_bytes(&bench(), PATH, "image/png", &picture::encode_png(&dark).expect("encodes").bytes);
    let answer = answer.json();
    assert_eq!(answer["verdict"], "retake");
    assert_eq!(answer["reasons"][0], "too_dark");
    assert!(answer["advice"].as_str().unwrap().contains("again"), "{answer}");
    assert_eq!(answer["quality"]["reasons"][0], "too_dark");
}

#[test]
fn what_is_no_photograph_is_refused_with_the_reason() {
    let (bench, photo) = (bench(), photograph());
    let (kind, body) = form("picture", &photo);
    is_problem(&post_bytes(&bench, PATH, &kind, &body), 400);
    is_problem(&post_bytes(&bench, PATH, &kind, &body[..body.len() / 2]), 400);
    is_problem(&post_bytes(&bench, PATH, "multipart/form-data", &body), 400);
    is_problem(&post_bytes(&bench, PATH, "text/plain", &photo), 415);
    is_problem(&post_bytes(&bench, PATH, "image/png", b"GIF89a"), 415);
    is_problem(&post_bytes(&bench, PATH, "image/png", b""), 422);
    is_problem(&post_bytes(&bench, PATH, "image/png", &photo[..photo.len() / 2]), 422);
    is_problem(&post_bytes(&bench, PATH, "image/jpeg", &[0xff; 100]), 415);
}

#[test]
fn a_small_file_of_too_many_pixels_is_refused() {
    let many = image::RgbImage::new(5200, 5001);
    let bytes = picture::encode_png(&many).expect("encodes").bytes;
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let answer = post_bytes(&bench(), PATH, "image/png", &bytes);
    is_problem(&answer, 413);
    assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("26 megapixels")));
}

/// Begins to send a photograph that does not go on.
fn begin(bench: &Bench) -> std::net::TcpStream {
    let address = bench.address();
    let mut stream = connect(address);
    write!(
        stream,
        "POST {PATH} HTTP/1.1\r\nHost: {address}\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\
         Connection: close\r\n\r\n"
    )
    .expect("writes");
    stream
}

#[test]
fn more_photographs_than_there_is_room_for_are_told_to_wait() {
    let bench = bench();
    let begun = [begin(&bench), begin(&bench)];
    let busy = std::iter::repeat_with(|| post_bytes(&bench, PATH, "image/png", b""));
    let busy = busy.take(500).find(|answer| answer.status == 503).expect("one is told to wait");
    is_problem(&busy, 503);
    assert!(busy.header("retry-after").is_some());
    // Those who began can still finish.
    for mut stream in begun {
        stream.write_all(&[0; 1000]).expect("writes");
        is_problem(&answer(&mut stream), 415);
    }
    let metrics = String::from_utf8(get(&bench, "/metrics").body).expect("text");
    assert!(metrics.contains("dermascope_photographs_total{outcome=\"busy\"} "), "{metrics}");
    let _: Value = post_bytes(&bench, PATH, "image/png", &photograph()).json();
}
