//! A node that is not known.

use std::fmt;

/// A node that this crate cannot run. It is in the chain of the errors of [`Network::load`](crate::Network::load),
/// above what about the node is not known: `error.downcast_ref::<Unsupported>()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The node's name, or the name of what it makes where it has none.
    pub node: String,
    /// ONNX's name of the operator.
    pub operator: String,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "node `{}` ({}) is not one that the int8 operators can run", self.node, self.operator)
    }
}

impl std::error::Error for Unsupported {}
