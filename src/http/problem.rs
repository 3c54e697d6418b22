//! Errors as problem details (RFC 9457), whoever raises them.

use axum::Json;
use axum::body::to_bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::control::NotChanged;
use crate::records::RecordError;

/// The media type of a problem.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
/// How to send the token. A browser shows the second one's words when it asks for a name and a password.
const SCHEMES: [HeaderValue; 2] = [
    HeaderValue::from_static("Bearer"),
    HeaderValue::from_static(
        "Basic realm=\"dermascope: the token as password, any name\", charset=\"UTF-8\"",
    ),
];
/// When to come back where something is busy, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");
/// The longest text of an error that is passed on, in bytes.
const MAX_DETAIL: usize = 4096;

/// What went wrong with a request.
#[derive(Debug)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub detail: String,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// Too much is going on: worth another try soon.
    pub fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = Body { r#type: "about:blank", title, status: self.status.as_u16(), detail: &self.detail };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER);
            }
            StatusCode::UNAUTHORIZED => {
                SCHEMES.into_iter().for_each(|scheme| {
                    headers.append(header::WWW_AUTHENTICATE, scheme);
                });
            }
            _ => {}
        }
        response
    }
}

impl From<NotChanged> for Problem {
    fn from(not_changed: NotChanged) -> Self {
        match not_changed {
            NotChanged::Unanswered => Self::busy(not_changed.to_string()),
            NotChanged::Refused(why) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, why),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        let status = match error {
            RecordError::NoRecord { .. } | RecordError::ImageMissing { .. } => StatusCode::NOT_FOUND,
            RecordError::ImagePruned { .. } => StatusCode::GONE,
            RecordError::Missing { .. } | RecordError::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

/// Turns the plain-text errors of the framework (a bad number in a path, a body that is no JSON) into problems.
pub(super) async fn explain(response: Response) -> Response {
    let status = response.status();
    let done = response.headers().get(header::CONTENT_TYPE) == Some(&MEDIA_TYPE);
    if done || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, MAX_DETAIL).await.unwrap_or_default();
    let title = status.canonical_reason().unwrap_or_default();
    let detail = if text.is_empty() { title.into() } else { String::from_utf8_lossy(&text) };
    let mut problem = Problem::new(status, detail).into_response();
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}
