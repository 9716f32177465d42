//! Constants behind the same listener: what answering costs where nothing has to be worked out.

use std::io::{self, Write as _};
use std::sync::Arc;

use grounds::net::{Answer, Limits, Listener, Routes, problem, text};
use hyper::Request;
use hyper::body::Bytes;

struct Constants(Vec<Bytes>);

impl Routes for Constants {
    async fn answer(&self, request: Request<Bytes>) -> Answer {
        let place = request
            .uri()
            .path()
            .trim_start_matches('/')
            .parse::<usize>();
        match place.ok().and_then(|place| self.0.get(place)) {
            Some(constant) => text(200, "text/html; charset=utf-8", constant.clone()),
            None => problem(404, "not_found", "no such constant"),
        }
    }
}

/// Serves constants of these sizes, in bytes, until standard input ends.
pub(crate) fn serve(sizes: &[String]) -> io::Result<()> {
    let sizes = sizes.iter().filter_map(|size| size.parse::<usize>().ok());
    let constants = Constants(sizes.map(|size| Bytes::from(vec![b'.'; size])).collect());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let any = ([127, 0, 0, 1], 0).into();
        let listener = Listener::bind(any, &[], Limits::default()).await?;
        println!("listening on http://{}", listener.address());
        io::stdout().flush()?;
        let (stopped, stop) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            let _ = stopped.send(());
        });
        listener
            .serve(Arc::new(constants), async move { drop(stop.await) })
            .await;
        Ok(())
    })
}
