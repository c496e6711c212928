//! What all requests share.

use crate::{
    Config, Error,
    answers::Answers,
    gate::Gate,
    keys::Keys,
    metrics::Metrics,
    problem::{Kind, Problem},
    rate::Rates,
    request_id::RequestIds,
    store::Store,
    workers::Workers,
};
use axum::body::Bytes;
use echoes_cache::Cache;
use echoes_engine::Engine;
use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

/// What all requests share.
pub(crate) struct App {
    pub config: Config,
    pub engine: Engine,
    pub gate: Gate,
    pub workers: Workers,
    pub ids: RequestIds,
    pub keys: Keys,
    pub rates: Rates,
    pub metrics: Arc<Metrics>,
    pub answers: Answers,
    /// The partials of datasets, kept beside them.
    pub partials: Option<Cache>,
    /// The datasets, if the server keeps any.
    store: Option<Arc<Store>>,
    /// The list of kernels, once somebody has asked for it.
    pub list: OnceLock<Bytes>,
    /// The description of the API, likewise.
    pub openapi: OnceLock<Bytes>,
}

/// What has been read of datasets, kept where they are.
fn partials(config: &Config, data: &Path) -> Result<Cache, Error> {
    let (memory, disk) = (config.partials_bytes_max as u64, config.partials_disk_bytes_max as u64);
    Cache::persistent(memory, &data.join("partials"), disk)
        .map_err(|error| Error::Data { directory: data.to_owned(), what: error.to_string() })
}

/// The engine; what it measures of a graphics processor it keeps beside the datasets.
fn engine(config: &Config) -> Engine {
    let engine = Engine::with_threads(config.threads()).gpu(config.gpu);
    match &config.data {
        Some(data) => engine.measurements(data),
        None => engine,
    }
}

impl App {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let threads = config.threads();
        let workers = Workers::new(threads).map_err(|source| Error::Start { what: "the kernels' threads", source })?;
        let store = config.data.as_deref().map(|data| Store::open(data, config.datasets_max)).transpose()?;
        let metrics = Arc::new(Metrics::new());
        let observer = Arc::clone(&metrics);
        Ok(Self {
            config: config.clone(),
            engine: engine(config).observer(Arc::new(move |run| observer.ran(run))),
            keys: Keys::new(&config.api_keys),
            rates: Rates::new(config.requests_per_second_max),
            metrics,
            answers: Answers::new(config.answers_bytes_max),
            partials: config.data.as_deref().map(|data| partials(config, data)).transpose()?,
            store: store.map(Arc::new),
            gate: Gate::new(config),
            workers,
            ids: RequestIds::default(),
            list: OnceLock::new(),
            openapi: OnceLock::new(),
        })
    }

    /// The datasets.
    pub(crate) fn store(&self) -> Result<&Arc<Store>, Problem> {
        let none = || Kind::NoDatasets.because("start it with --data DIR, or ECHOES_DATA, to keep some");
        self.store.as_ref().ok_or_else(none)
    }
}
