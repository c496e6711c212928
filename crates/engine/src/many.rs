//! Kernels whose types have been forgotten, over columns of a source: as many as will go in one reading.

use crate::{
    Error, Job, Report, Result, Sink,
    accelerate::{Session, Wanted},
    context::Context,
    crew::Crew,
    emit::{Stretch, Way, Writer},
    fold::{self, Groups, Single},
    sample::sample,
    shelf::Group,
    whole::{gather, gather_stream, interruptible},
};
use echoes_io::{Reading, Source};
use echoes_kernel::{
    Answer, BoundKernel, Bundle, CHUNK, Columns, Emitting, Fold, Gathering, READINGS_MAX, Reject, Shape, Spec, Step,
    sweep::Formula,
};
use std::{sync::atomic::Ordering, time::Instant};

/// Columns that one reading holds at a time: the kernels of more are read in turns. One kernel has all of its own at once.
const COLUMNS_MAX: usize = 256;

/// A kernel and the columns that it is to have, by their positions in the source.
#[derive(Clone)]
pub struct Request<'a> {
    /// The kernel.
    pub kernel: &'a dyn BoundKernel,
    /// The columns, in the kernel's order.
    pub columns: Vec<usize>,
}

pub(crate) fn answers(
    job: &Job<'_>,
    source: &dyn Source,
    requests: &[Request<'_>],
) -> Result<(Vec<Result<Answer>>, Report)> {
    let run = Run::new(job, source)?;
    let mut tasks = requests.iter().map(|request| Task::new(&run, request)).collect::<Result<Vec<_>>>()?;
    run.finish_readings(&mut tasks)?;
    let mut answers = Vec::with_capacity(tasks.len());
    for task in tasks {
        answers.push(match task.state {
            State::Failed(reject) => Err(reject.into()),
            State::Ready(Step::Done(answer)) => Ok(answer),
            State::Ready(Step::Emit(emitting)) => {
                let mut columns = Columns::new();
                run.emit(&task.request, emitting.as_ref(), &task.begun, &mut columns)?;
                columns.resize_with(emitting.names().len(), Vec::new);
                interruptible(&run.context, None, move || emitting.collect(columns))?.map_err(Error::from)
            }
            State::Ready(Step::Whole(whole)) => {
                let columns = run.gather(&task.request)?;
                let pool = run.job.engine.pool(longest(&columns))?;
                interruptible(&run.context, pool, move || whole.answer(columns))?.map_err(Error::from)
            }
            State::Ready(Step::Again(_)) | State::Reading(_) => {
                Err(Reject::Kernel("it never has enough readings").into())
            }
        });
    }
    Ok((answers, run.report()))
}

pub(crate) fn write(job: &Job<'_>, source: &dyn Source, request: &Request<'_>, sink: &mut dyn Sink) -> Result<Report> {
    let run = Run::new(job, source)?;
    let mut tasks = [Task::new(&run, request)?];
    run.finish_readings(&mut tasks)?;
    let [task] = tasks;
    match task.state {
        State::Failed(reject) => return Err(reject.into()),
        State::Ready(Step::Emit(emitting)) => {
            sink.begin(&names(request.kernel.spec(), emitting.names()))?;
            run.emit(&task.request, emitting.as_ref(), &task.begun, sink)?;
        }
        State::Ready(Step::Whole(whole)) => run.write_whole(&task.request, whole, sink)?,
        _ => return Err(Reject::Kernel("it answers with a value, not with columns").into()),
    }
    Ok(run.report())
}

/// Whether the kernel takes so many columns.
pub(crate) fn check_columns(request: &Request<'_>) -> echoes_kernel::Result<()> {
    let (spec, found) = (request.kernel.spec(), request.columns.len());
    if spec.accepts(found) {
        return Ok(());
    }
    Err(Reject::Columns { kernel: spec.name, expected: spec.columns, found })
}

fn names(spec: Spec, given: &[&str]) -> Vec<String> {
    given.iter().map(|name| if name.is_empty() { spec.name } else { name }.to_owned()).collect()
}

/// A request on its way to an answer.
struct Task<'a> {
    request: Request<'a>,
    sample: Vec<f64>,
    state: State,
    /// Its partials, of no rows.
    begun: Bundle,
}

enum State {
    /// Wants another reading; the kernel has narrowed its parameters since it was asked for.
    Reading(Option<Box<dyn BoundKernel>>),
    Ready(Step),
    Failed(Reject),
}

impl<'a> Task<'a> {
    fn new(run: &Run<'_>, request: &Request<'a>) -> Result<Self> {
        let mut task = Self {
            request: request.clone(),
            sample: Vec::new(),
            state: State::Reading(None),
            begun: Bundle::default(),
        };
        if let Err(reject) = check_columns(request) {
            task.state = State::Failed(reject);
        } else if request.kernel.wants_sample()
            && run.source.rows().is_some()
            && let Reading::Rows(rows) = run.source.read(&request.columns)?
        {
            task.sample = sample(&run.context, Some(rows.as_ref()))?;
        }
        task.begin(run);
        Ok(task)
    }

    fn kernel(&self) -> &dyn BoundKernel {
        match &self.state {
            State::Reading(Some(narrower)) => narrower.as_ref(),
            _ => self.request.kernel,
        }
    }

    fn shape(&self, run: &Run<'_>) -> Shape<'_> {
        Shape { rows: run.source.rows(), columns: self.request.columns.len(), sample: &self.sample }
    }

    /// Prepares the next reading; a kernel that needs none is ready at once.
    fn begin(&mut self, run: &Run<'_>) {
        if !matches!(self.state, State::Reading(_)) {
            return;
        }
        let mut begun = Bundle::default();
        let spread = self.kernel().spread(&self.shape(run), &mut begun);
        self.begun = begun;
        match spread {
            Err(reject) => self.state = State::Failed(reject),
            Ok(()) if !self.request.kernel.spec().form.reads_first() || self.begun.is_empty() => {
                self.finish(run, &self.begun.fresh());
            }
            Ok(()) => {}
        }
    }

    fn finish(&mut self, run: &Run<'_>, bundle: &Bundle) {
        self.state = match self.kernel().finish(&self.shape(run), bundle) {
            Err(reject) => State::Failed(reject),
            Ok(Step::Again(narrower)) => State::Reading(Some(narrower)),
            Ok(step) => State::Ready(step),
        };
    }
}

struct Run<'a> {
    job: &'a Job<'a>,
    source: &'a dyn Source,
    context: Context<'a>,
    session: Session<'a>,
    started: Instant,
}

impl<'a> Run<'a> {
    fn new(job: &'a Job<'a>, source: &'a dyn Source) -> Result<Self> {
        let started = Instant::now();
        let mut context = job.context();
        context.total = source.rows();
        let session = job.session(job.shelf.map(|shelf| shelf.content))?;
        Ok(Self { job, source, context, session, started })
    }

    /// Reads until no task wants another reading.
    fn finish_readings(&self, tasks: &mut [Task<'_>]) -> Result<()> {
        for _ in 0..READINGS_MAX {
            let mut waiting: Vec<&mut Task<'_>> =
                tasks.iter_mut().filter(|task| matches!(task.state, State::Reading(_))).collect();
            if waiting.is_empty() {
                break;
            }
            self.read_samples(&mut waiting)?;
            for turn in turns(&mut waiting) {
                self.read_rows(turn)?;
            }
            for task in waiting {
                task.begin(self);
            }
        }
        Ok(())
    }

    /// Kernels on independent samples: a reading for each sample, because each has its own missing rows.
    fn read_samples(&self, tasks: &mut [&mut Task<'_>]) -> Result<()> {
        for task in tasks.iter_mut().filter(|task| task.request.kernel.spec().is_samples()) {
            let mut whole = task.begun.fresh();
            for (sample, &column) in task.request.columns.iter().enumerate() {
                let begin = || Single { fold: task.begun.fresh(), sample };
                Fold::merge(&mut whole, &self.read(&[column], begin)?.fold);
            }
            task.finish(self, &whole);
        }
        Ok(())
    }

    /// Kernels on rows: those on the same columns share their partials, and all share one reading.
    fn read_rows(&self, tasks: &mut [&mut Task<'_>]) -> Result<()> {
        let mut groups: Vec<Group> = Vec::new();
        for task in tasks.iter() {
            let columns = &task.request.columns;
            let at = groups.iter().position(|(known, _)| known == columns).unwrap_or_else(|| {
                groups.push((columns.clone(), Bundle::default()));
                groups.len() - 1
            });
            if let Err(reject) = task.kernel().spread(&task.shape(self), &mut groups[at].1) {
                return Err(reject.into());
            }
        }
        if groups.is_empty() {
            return Ok(());
        }
        let read = match &self.job.shelf {
            Some(shelf) => shelf.read(&self.context, &groups, |groups| self.read_groups(groups))?,
            None => self.read_groups(&groups)?,
        };
        for task in tasks.iter_mut() {
            if let Some(at) = groups.iter().position(|(known, _)| *known == task.request.columns) {
                task.finish(self, &read[at]);
            }
        }
        Ok(())
    }

    /// The partials of each group: from sweeps of a device where that is to make them, the others in one reading.
    fn read_groups(&self, groups: &[Group]) -> Result<Vec<Bundle>> {
        let pool = self.pool()?;
        let swept: Vec<Option<Bundle>> = groups.iter().map(|group| self.sweep_group(group, pool)).collect();
        let left = |swept: &[Option<Bundle>]| swept.iter().any(Option::is_none);
        if !left(&swept) {
            return Ok(swept.into_iter().flatten().collect());
        }
        let rest: Vec<&Group> =
            groups.iter().zip(&swept).filter(|(_, swept)| swept.is_none()).map(|(group, _)| group).collect();
        let mut read = self.read_rest(&rest)?.into_iter();
        Ok(swept.into_iter().filter_map(|swept| swept.or_else(|| read.next())).collect())
    }

    fn sweep_group(&self, (columns, bundle): &Group, pool: Option<&Crew>) -> Option<Bundle> {
        let wanted = Wanted { columns, rows: self.source.rows(), has_program: bundle.can_be_swept(), pool };
        let open = || match self.source.read(columns) {
            Ok(Reading::Rows(rows)) => Some(rows),
            _ => None,
        };
        self.session.sweep(&self.context, wanted, open, |column| bundle.swept(column))
    }

    /// The partials of each group, in one reading by the processor.
    fn read_rest(&self, groups: &[&Group]) -> Result<Vec<Bundle>> {
        let mut columns: Vec<usize> = groups.iter().flat_map(|(columns, _)| columns.iter().copied()).collect();
        columns.sort_unstable();
        columns.dedup();
        let places = |wanted: &[usize]| wanted.iter().filter_map(|column| columns.binary_search(column).ok()).collect();
        let begin = || Groups(groups.iter().map(|(wanted, bundle)| (places(wanted), bundle.fresh())).collect());
        Ok(self.read(&columns, begin)?.0.into_iter().map(|(_, bundle)| bundle).collect())
    }

    /// The threads for a source whose rows are known; a stream is given them by the wave.
    fn pool(&self) -> Result<Option<&Crew>> {
        self.job.engine.pool(self.source.rows().unwrap_or_default())
    }

    fn read<A: fold::Absorb>(&self, columns: &[usize], begin: impl Fn() -> A + Sync) -> Result<A> {
        let pool = self.job.engine.pool_to_read(self.source.rows().unwrap_or_default(), columns.len())?;
        let read = match self.source.read(columns)? {
            Reading::Rows(rows) => fold::rows(&self.context, pool, rows.as_ref(), begin),
            Reading::Stream(mut stream) => fold::stream(&self.context, self.job.engine, stream.as_mut(), begin),
        };
        read.map_err(|error| error.among(columns))
    }

    fn gather(&self, request: &Request<'_>) -> Result<Columns> {
        if !request.kernel.spec().is_samples() {
            return self.gather_rows(request, &request.columns);
        }
        // Each sample has its own missing rows.
        let mut samples = Columns::new();
        for column in &request.columns {
            samples.extend(self.gather_rows(request, std::slice::from_ref(column))?);
        }
        Ok(samples)
    }

    fn gather_rows(&self, request: &Request<'_>, columns: &[usize]) -> Result<Columns> {
        let pool = self.pool()?;
        let gathered = match self.source.read(columns)? {
            Reading::Rows(rows) => gather(&self.context, pool, rows.as_ref()),
            Reading::Stream(mut stream) => {
                // The length was not known when the kernel was first asked what it needs.
                let check = |rows| {
                    let shape = Shape { rows: Some(rows), columns: request.columns.len(), sample: &[] };
                    Ok(request.kernel.spread(&shape, &mut Bundle::default())?)
                };
                gather_stream(&self.context, stream.as_mut(), columns.len(), check)
            }
        };
        gathered.map_err(|error| error.among(columns))
    }

    fn emit(&self, request: &Request<'_>, emitting: &dyn Emitting, begun: &Bundle, sink: &mut dyn Sink) -> Result<()> {
        self.context.start_reading();
        let begin = || begun.fresh();
        let writer = Writer {
            needs: emitting.needs(),
            columns: emitting.names().len(),
            way: Way::Cached,
            begin: &begin,
            emit: &|before: &Bundle, piece: &_, out: &mut _| emitting.emit(before, piece, out),
        };
        let pool = self.pool()?;
        let written = match self.source.read(&request.columns)? {
            Reading::Rows(rows) => {
                let count = rows.rows();
                let done = self.write_on_device(&request.columns, emitting.formula(), pool, sink)?;
                let stretch = Stretch { rows: rows.as_ref(), seen: 0..count };
                let written = writer.write(&self.context, pool, &stretch, done..count, &mut begin(), sink);
                written.and_then(|()| Ok(rows.finish()?))
            }
            Reading::Stream(mut stream) => {
                writer.write_stream(&self.context, self.job.engine, stream.as_mut(), &mut begin(), sink)
            }
        };
        written.map_err(|error| error.among(&request.columns))
    }

    /// How many rows, from the first on, a device has written.
    fn write_on_device(
        &self,
        columns: &[usize],
        formula: Option<Formula>,
        pool: Option<&Crew>,
        sink: &mut dyn Sink,
    ) -> Result<u64> {
        let wanted = Wanted { columns, rows: self.source.rows(), has_program: true, pool };
        let Some(writing) = self.session.writing(wanted, formula) else { return Ok(0) };
        let mut done = 0;
        for (tile, rows) in writing.tiles().enumerate() {
            self.context.check()?;
            let written = self.session.write(&self.context, &writing, tile, |written| {
                written.chunks(CHUNK).try_for_each(|chunk| {
                    self.context.check()?;
                    sink.write(&[chunk])
                })
            });
            match written {
                Some(written) => written?,
                None => break,
            }
            done = rows.end;
        }
        Ok(done)
    }

    fn write_whole(&self, request: &Request<'_>, whole: Box<dyn Gathering>, sink: &mut dyn Sink) -> Result<()> {
        let spec = request.kernel.spec();
        let columns = self.gather(request)?;
        let pool = self.job.engine.pool(longest(&columns))?;
        let columns = interruptible(&self.context, pool, move || whole.columns(columns))??;
        let columns = columns.ok_or(Reject::Kernel("it answers with a value, not with columns"))?;
        let given: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        sink.begin(&names(spec, &given))?;
        sink.write(&columns.iter().map(|(_, column)| column.as_slice()).collect::<Vec<_>>())
    }

    fn report(&self) -> Report {
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Report {
            backend: self.context.backend(self.source.backend()),
            simd: Report::level(),
            threads: self.job.engine.threads().get(),
            rows: self.source.rows().unwrap_or_else(|| count(&self.context.rows)),
            readings: count(&self.context.readings),
            bytes: count(&self.context.bytes),
            cached: count(&self.context.cached),
            computed: count(&self.context.computed),
            seconds: self.started.elapsed().as_secs_f64(),
        }
    }
}

/// The rows of the longest column.
fn longest(columns: &Columns) -> u64 {
    columns.iter().map(|column| column.len() as u64).max().unwrap_or_default()
}

/// The tasks on rows, in turns of no more columns than memory should hold.
fn turns<'t, 'a, 'k>(tasks: &'t mut [&'a mut Task<'k>]) -> Vec<&'t mut [&'a mut Task<'k>]> {
    tasks.sort_by_key(|task| task.request.kernel.spec().is_samples());
    let rows = tasks.partition_point(|task| !task.request.kernel.spec().is_samples());
    let mut rest = &mut tasks[..rows];
    let mut turns = Vec::new();
    while !rest.is_empty() {
        let mut width = 0;
        let fits = rest.iter().take_while(|task| {
            width += task.request.columns.len();
            width <= COLUMNS_MAX
        });
        let (turn, later) = rest.split_at_mut(fits.count().max(1));
        turns.push(turn);
        rest = later;
    }
    turns
}
