//! The HTTP link: the device over a browser.

use serde::{Deserialize, Serialize};

/// `[http]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Address and port to serve on, such as "127.0.0.1:8080"; none serves nothing.
    pub listen: Option<String>,
}
