//! What all requests share.

use crate::{Config, Error, gate::Gate, request_id::RequestIds, workers::Workers};
use axum::body::Bytes;
use echoes_engine::Engine;
use std::sync::OnceLock;

/// What all requests share.
pub(crate) struct App {
    pub config: Config,
    pub engine: Engine,
    pub gate: Gate,
    pub workers: Workers,
    pub ids: RequestIds,
    /// The list of kernels, once somebody has asked for it.
    pub list: OnceLock<Bytes>,
    /// The description of the API, likewise.
    pub openapi: OnceLock<Bytes>,
}

impl App {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let threads = config.threads();
        let workers = Workers::new(threads).map_err(|source| Error::Start { what: "the kernels' threads", source })?;
        Ok(Self {
            config: config.clone(),
            engine: Engine::with_threads(threads),
            gate: Gate::new(config),
            workers,
            ids: RequestIds::default(),
            list: OnceLock::new(),
            openapi: OnceLock::new(),
        })
    }
}
