//! Listening: accepts connections, bounds them, and lets them finish when it is time to stop.

use crate::{Config, Error, app::App, config::seconds, door::Peer, routes::router, signals::Signals, stall::Stall};
use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::pending, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    sync::Semaphore,
    time::{sleep, timeout},
};

/// Bytes that a connection buffers: also the limit of a request's headers.
const BUFFER_BYTES_MAX: usize = 64 << 10;

/// Threads that wait for the disk.
const DISK_THREADS: usize = 16;

/// What the system may take to recover when a connection cannot be accepted: out of file descriptors, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Serves until SIGINT or SIGTERM, then lets the requests inside finish; a second signal ends them.
///
/// `on_ready` is told the address, with the port that was chosen for port 0, once connections are accepted.
///
/// # Errors
/// If a limit allows nothing, or the address, threads or signals cannot be had.
pub fn run(config: &Config, on_ready: impl FnOnce(SocketAddr)) -> Result<(), Error> {
    block_on(config, async {
        let mut signals = Signals::new().map_err(|source| Error::Start { what: "signals", source })?;
        let inside = serve(config, on_ready, signals.next()).await?;
        tokio::select! {
            () = inside.finish() => {}
            () = signals.next() => {}
        }
        Ok(())
    })
}

/// Serves until `stop` is ready, then lets the requests inside finish. Otherwise as [`run`].
///
/// # Errors
/// As [`run`].
pub fn run_until(
    config: &Config,
    on_ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    block_on(config, async {
        serve(config, on_ready, stop).await?.finish().await;
        Ok(())
    })
}

fn block_on(config: &Config, work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = runtime(config).map_err(|source| Error::Start { what: "the connections' threads", source })?;
    let result = runtime.block_on(work);
    // A kernel that is still running has been told to stop.
    runtime.shutdown_background();
    result
}

fn runtime(config: &Config) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(config.threads().get())
        .max_blocking_threads(DISK_THREADS)
        .thread_name("echoes-http")
        .enable_all()
        .build()
}

/// Serves until `stop`, then closes the listener.
async fn serve(
    config: &Config,
    on_ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<Inside, Error> {
    if let Some(limit) = config.fault() {
        return Err(Error::Limit(limit));
    }
    let router = router(Arc::new(App::new(config)?));
    let listen = async {
        let listener = TcpListener::bind(config.listen).await?;
        Ok((listener.local_addr()?, listener))
    };
    let listening = listen.await.map_err(|source| Error::Listen { address: config.listen, source });
    let (address, listener) = listening?;
    on_ready(address);
    let connections = Connections::new(config, router);
    tokio::select! {
        () = stop => {}
        () = connections.accept(&listener) => {}
    }
    Ok(Inside { open: connections.open, patience: seconds(config.timeout_seconds) })
}

/// The requests inside, once no more are let in.
struct Inside {
    open: GracefulShutdown,
    patience: Duration,
}

impl Inside {
    /// Waits for their answers. What takes longer than a request may is cut off.
    async fn finish(self) {
        let _ = timeout(self.patience, self.open.shutdown()).await;
    }
}

/// The connections, and how they are served.
struct Connections {
    router: Router,
    http: http1::Builder,
    slots: Arc<Semaphore>,
    open: GracefulShutdown,
    write_timeout: Duration,
}

impl Connections {
    fn new(config: &Config, router: Router) -> Self {
        let mut http = http1::Builder::new();
        // Without a timer the timeout never fires.
        http.timer(TokioTimer::new())
            .header_read_timeout(seconds(config.header_timeout_seconds))
            .max_buf_size(BUFFER_BYTES_MAX);
        Self {
            router,
            http,
            slots: Arc::new(Semaphore::new(config.connections_max.min(Semaphore::MAX_PERMITS))),
            open: GracefulShutdown::new(),
            write_timeout: seconds(config.write_timeout_seconds),
        }
    }

    /// Accepts for ever; a connection beyond the limit waits in the system's queue.
    async fn accept(&self, listener: &TcpListener) {
        loop {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return pending().await };
            match listener.accept().await {
                Ok((stream, peer)) => self.serve(stream, peer, slot),
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, slot: impl Send + 'static) {
        // Answers are written whole: waiting for more only delays them.
        let _ = stream.set_nodelay(true);
        let stream = TokioIo::new(Stall::new(stream, self.write_timeout));
        let routes = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            routes.call(request)
        });
        let connection = self.http.serve_connection(stream, service);
        let connection = self.open.watch(connection);
        tokio::spawn(async move {
            // An error is the client's: it has gone, or it does not speak HTTP.
            let _ = connection.await;
            drop(slot);
        });
    }
}
