//! What a run would do, as data that prints.

use crate::{Job, Report, Request, Result, accelerate::Wanted, many};
use echoes_io::Source;
use echoes_kernel::{Bundle, CHUNK, Reject, Shape};
use serde::Serialize;
use std::fmt;

/// What a run would do before any value is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The source.
    pub source: String,
    /// How it would be read.
    pub backend: &'static str,
    /// Rows, if known.
    pub rows: Option<u64>,
    /// Chunks that threads take, if known.
    pub chunks: Option<u64>,
    /// Threads that there are to use.
    pub threads: usize,
    /// The instruction set.
    pub simd: &'static str,
    /// The first reading, then what is written or gathered.
    pub steps: Vec<PlannedStep>,
}

/// One kernel's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedStep {
    /// The kernel.
    pub kernel: &'static str,
    /// The columns that it has.
    pub columns: Vec<String>,
    /// The partials that the reading leaves for it; kernels on the same columns share them.
    pub partials: Vec<&'static str>,
    /// How it goes through the data.
    pub form: echoes_kernel::Form,
    /// Where the reading would be done, and why: `the GPU`, `the processor: the GPU is off`.
    pub place: String,
}

impl Plan {
    pub(crate) fn new(job: &Job<'_>, source: &dyn Source, requests: &[Request<'_>]) -> Result<Self> {
        let rows = source.rows();
        let steps = requests.iter().map(|request| step(job, source, request)).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            source: source.name().to_owned(),
            backend: source.backend(),
            rows,
            chunks: rows.map(|rows| rows.div_ceil(CHUNK as u64)),
            threads: job.engine.threads().get(),
            simd: Report::level(),
            steps,
        })
    }
}

fn step(job: &Job<'_>, source: &dyn Source, request: &Request<'_>) -> Result<PlannedStep> {
    let spec = request.kernel.spec();
    many::check_columns(request)?;
    let mut bundle = Bundle::default();
    let shape = Shape { rows: source.rows(), columns: request.columns.len(), sample: &[] };
    request.kernel.spread(&shape, &mut bundle)?;
    let name = |&column: &usize| source.fields().get(column).map(|field| field.name.clone());
    let columns = request.columns.iter().map(name).collect::<Option<_>>();
    let columns = columns.ok_or(Reject::Parameters("there is no column of that number".to_owned()))?;
    let wanted = Wanted {
        columns: &request.columns,
        rows: source.rows(),
        has_program: spec.form.reads_first() && bundle.can_be_swept(),
        pool: job.engine.pool(source.rows().unwrap_or_default())?,
    };
    let place = match job.session(job.shelf.map(|shelf| shelf.content))?.place(wanted) {
        Ok(_) => "the GPU".to_owned(),
        Err(why) => format!("the processor: {why}"),
    };
    Ok(PlannedStep {
        kernel: spec.name,
        columns,
        partials: bundle.leaves().map(|leaf| leaf.name()).collect(),
        form: spec.form,
        place,
    })
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.source, self.backend)?;
        if let (Some(rows), Some(chunks)) = (self.rows, self.chunks) {
            write!(f, ": {rows} rows in {chunks} chunks of {CHUNK}")?;
        }
        writeln!(f, ", {} threads, {}", self.threads, self.simd)?;
        for step in &self.steps {
            let partials = if step.partials.is_empty() { "nothing".to_owned() } else { step.partials.join(" + ") };
            let PlannedStep { kernel, form, place, .. } = step;
            writeln!(f, "  {kernel} of {}: {form:?} from {partials}, on {place}", step.columns.join(", "))?;
        }
        Ok(())
    }
}
