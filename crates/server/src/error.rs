//! Why a server cannot start.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A limit allows nothing.
    #[error("`{0}` must be a number above 0")]
    Limit(&'static str),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Threads or signals cannot be had.
    #[error("cannot start {what}: {source}")]
    Start {
        /// What cannot be started.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The directory of the datasets cannot be used.
    #[error("cannot keep datasets in {}: {what}", directory.display())]
    Data {
        /// The directory.
        directory: PathBuf,
        /// Why not.
        what: String,
    },
}
