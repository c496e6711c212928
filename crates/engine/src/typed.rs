//! A kernel whose type is known, on columns in memory. Small data take no heap.

use crate::{
    Data, Engine, Error, Job, Result, Run,
    accelerate::{Session, Wanted},
    context::Context,
    crew::Crew,
    data::Views,
    emit::{Way, Writer, unwritten},
    fold::{self, Single},
    sample::sample,
    share::inside,
    whole::{gather, interruptible},
};
use echoes_io::{Memory, Rows, View};
use echoes_kernel::{CHUNK, Columns, Emission, Kernel, Next, Partial, READINGS_MAX, Reject, Shape, sweep::Formula};
use echoes_simd::Room;
use rayon::prelude::*;
use smallvec::smallvec;
use std::{marker::PhantomData, sync::atomic::Ordering, time::Instant};

/// Kernels as methods on the caller's thread alone; an [`Engine`] brings more.
pub trait Compute: Kernel {
    /// The answer for columns in memory.
    ///
    /// ```
    /// use echoes_engine::Compute;
    /// use echoes_stats::kernels::{descriptive::Mean, pair::Corr};
    /// assert_eq!(Mean::default().of(&[1.0, 2.0, 6.0])?, 3.0);
    /// assert_eq!(Corr {}.of((&[1, 2, 3], &[2.0, 4.0, 6.5]))? > 0.99, true);
    /// # Ok::<(), echoes_engine::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Reject`] if the kernel refuses.
    #[inline]
    fn of<'a>(&self, data: impl Data<'a>) -> Result<Self::Output> {
        Engine::sequential().run(self, data)
    }
}

impl<K: Kernel> Compute for K {}

pub(crate) fn run<K: Kernel>(job: &Job<'_>, kernel: &K, views: Views<'_>) -> Result<K::Output> {
    let _span = tracing::trace_span!("run", kernel = K::SPEC.name).entered();
    let prepared = Prepared::<K>::new(job, views)?;
    let output = match prepared.read(kernel.clone())? {
        Read::Answer(output) => output,
        Read::Emit(setup, emission) => {
            let columns = prepared.emit(&setup, &emission)?;
            (emission.collect)(columns)
        }
    };
    prepared.tell();
    Ok(output)
}

pub(crate) fn fill<K: Kernel>(job: &Job<'_>, kernel: &K, views: Views<'_>, out: &mut [&mut [f64]]) -> Result<()> {
    let _span = tracing::trace_span!("fill", kernel = K::SPEC.name).entered();
    let prepared = Prepared::<K>::new(job, views)?;
    match prepared.read(kernel.clone())? {
        Read::Emit(setup, emission) => {
            let way = Way::into(out);
            let rooms = out.iter_mut().map(|column| Room::of(column)).collect();
            prepared.fill(&setup, &emission, rooms, way)?
        }
        Read::Answer(_) => return Err(Reject::Kernel("it answers with a value, not with columns").into()),
    }
    prepared.tell();
    Ok(())
}

/// Columns to read row by row, or samples to read one after the other.
enum Memories<'a> {
    Rows(Memory<'a>),
    Samples(Views<'a>),
}

impl<'a> Memories<'a> {
    fn first(&self) -> Option<&dyn Rows> {
        match self {
            Self::Rows(memory) => Some(memory),
            Self::Samples(_) => None,
        }
    }

    /// Each reading: the rows, and the number of the sample.
    fn each(&self, mut work: impl FnMut(&Memory<'a>, usize) -> Result<()>) -> Result<()> {
        match self {
            Self::Rows(memory) => work(memory, 0),
            Self::Samples(views) => views.iter().enumerate().try_for_each(|(sample, view)| {
                let views: [View<'a>; 1] = [view.clone()];
                work(&Memory::rows(views)?, sample).map_err(|error| error.among(&[sample]))
            }),
        }
    }
}

/// Data that fit the kernel.
struct Prepared<'a, 'j, K> {
    job: &'j Job<'j>,
    context: Context<'j>,
    session: Session<'j>,
    data: Memories<'a>,
    columns: usize,
    rows: Option<u64>,
    /// When it began, if somebody is to be told how long it took.
    started: Option<Instant>,
    kernel: PhantomData<K>,
}

/// What follows the readings.
enum Read<K: Kernel> {
    Answer(K::Output),
    /// Columns, from the partial with this setup.
    Emit(<K::Pass as Partial>::Setup, Emission<K>),
}

impl<'a, 'j, K: Kernel> Prepared<'a, 'j, K> {
    fn new(job: &'j Job<'j>, views: Views<'a>) -> Result<Self> {
        let (spec, columns) = (K::SPEC, views.len());
        let started = job.engine.observed.0.as_ref().map(|_| Instant::now());
        if !spec.accepts(columns) {
            return Err(Reject::Columns { kernel: spec.name, expected: spec.columns, found: columns }.into());
        }
        let mut context = job.context();
        let rows = views.iter().map(|view| view.len() as u64).max();
        context.total = rows;
        let data = if spec.is_samples() { Memories::Samples(views) } else { Memories::Rows(Memory::rows(views)?) };
        let session = job.session(None)?;
        Ok(Self { job, context, session, data, columns, rows, started, kernel: PhantomData })
    }

    /// Tells the engine's observer that the run has come to its end.
    fn tell(&self) {
        if let (Some(observer), Some(started)) = (&self.job.engine.observed.0, self.started) {
            let (rows, bytes) = (self.rows.unwrap_or_default(), self.context.bytes.load(Ordering::Relaxed));
            let seconds = started.elapsed().as_secs_f64();
            let backend = self.context.backend("memory");
            observer(&Run { kernels: &[K::SPEC.name], backend, rows, bytes, seconds });
        }
    }

    fn read(&self, mut kernel: K) -> Result<Read<K>> {
        let sample = if kernel.wants_sample() { sample(&self.context, self.data.first())? } else { Vec::new() };
        let shape = Shape { rows: self.rows, columns: self.columns, sample: &sample };
        let pool = self.job.engine.pool_to_read(self.rows.unwrap_or_default(), self.columns)?;
        for _ in 0..READINGS_MAX {
            let setup = kernel.pass(&shape)?;
            match kernel.finish(&self.pass(&setup, pool)?)? {
                Next::Done(output) => return Ok(Read::Answer(output)),
                Next::Again(narrower) => kernel = narrower,
                Next::Emit(emission) => return Ok(Read::Emit(setup, emission)),
                Next::Whole(whole) => {
                    let mut columns = Columns::new();
                    self.data.each(|rows, _| {
                        columns.extend(gather(&self.context, pool, rows)?);
                        Ok(())
                    })?;
                    return Ok(Read::Answer(interruptible(&self.context, pool, move || whole.whole(columns))??));
                }
            }
        }
        Err(Error::Reject(Reject::Kernel("it never has enough readings")))
    }

    /// What a reading leaves behind, if the kernel wants one.
    fn pass(&self, setup: &<K::Pass as Partial>::Setup, pool: Option<&Crew>) -> Result<K::Pass> {
        let mut pass = K::Pass::begin(setup);
        if !K::SPEC.form.reads_first() || K::Pass::is_nothing(setup) {
            return Ok(pass);
        }
        if let Some(swept) = self.swept(setup, pool) {
            return Ok(swept);
        }
        let mut first = true;
        self.data.each(|rows, sample| {
            let begin = || Single { fold: K::Pass::begin(setup), sample };
            let read = fold::rows(&self.context, pool, rows, begin)?.fold;
            // The first reading is taken as it is: merging it into nothing would be work for the same bits.
            if std::mem::take(&mut first) {
                pass = read
            } else {
                Partial::merge(&mut pass, &read)
            }
            Ok(())
        })?;
        Ok(pass)
    }

    /// What the reading leaves behind, from sweeps that a device makes.
    fn swept(&self, setup: &<K::Pass as Partial>::Setup, pool: Option<&Crew>) -> Option<K::Pass> {
        let (make, Memories::Rows(rows)) = (K::Pass::swept(setup)?, &self.data) else { return None };
        self.session.sweep(&self.context, self.wanted(pool), || Some(rows), |column| make(setup, column))
    }

    /// The reading of all columns, for which sweeps can stand.
    fn wanted<'w>(&self, pool: Option<&'w Crew>) -> Wanted<'w> {
        let columns: &[usize] = if self.columns == 1 { &[0] } else { &[] };
        Wanted { columns, rows: self.rows, has_program: true, pool }
    }

    fn emit(&self, setup: &<K::Pass as Partial>::Setup, emission: &Emission<K>) -> Result<Columns> {
        let mut columns = unwritten(emission.emit.names().len(), self.rows.unwrap_or_default())?;
        self.fill(setup, emission, columns.rooms(), Way::Cached)?;
        columns.written().ok_or_else(|| Reject::Kernel("rows were not written").into())
    }

    fn fill(
        &self,
        setup: &<K::Pass as Partial>::Setup,
        emission: &Emission<K>,
        mut out: Vec<Room<'_>>,
        way: Way,
    ) -> Result<()> {
        let Memories::Rows(rows) = &self.data else {
            return Err(Reject::Kernel("it writes rows of samples that have none in common").into());
        };
        let (emit, columns, wanted) = (&emission.emit, emission.emit.names().len(), rows.rows());
        if out.len() != columns || out.iter().any(|column| column.len() as u64 != wanted) {
            return Err(Error::Sink(format!("the columns: there must be {columns} of {wanted} rows")));
        }
        let begin = || K::Pass::begin(setup);
        let writer = Writer {
            needs: emit.needs(),
            columns,
            way,
            begin: &begin,
            emit: &|before, piece, out| emit.emit(before, piece, out),
        };
        let pool = self.job.engine.pool(wanted)?;
        self.context.start_reading();
        if self.fill_on_device(emit.formula(), pool, &mut out)? {
            return Ok(());
        }
        writer.fill(&self.context, pool, rows, &mut begin(), out)
    }

    /// Whether a device has written all rows.
    fn fill_on_device(&self, formula: Option<Formula>, pool: Option<&Crew>, rooms: &mut [Room<'_>]) -> Result<bool> {
        let Some(writing) = self.session.writing(self.wanted(pool), formula) else { return Ok(false) };
        let [room] = rooms else { return Ok(false) };
        let all = std::mem::take(room).open();
        for (tile, rows) in writing.tiles().enumerate() {
            self.context.check()?;
            let out = &mut all[rows.start as usize..rows.end as usize];
            let copy = |(to, from): (&mut [f64], &[f64])| to.copy_from_slice(from);
            let written = self.session.write(&self.context, &writing, tile, |scores| match pool {
                Some(pool) => inside(pool, || out.par_chunks_mut(CHUNK).zip(scores.par_chunks(CHUNK)).for_each(copy)),
                None => copy((out, scores)),
            });
            if written.is_none() {
                *room = Room::of(all);
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Kernels along an axis of an array.
impl Job<'_> {
    /// Runs a kernel of one column on every lane of an array along `axis`; the answers have the other axes.
    ///
    /// ```
    /// use echoes_engine::Engine;
    /// use echoes_stats::kernels::descriptive::Mean;
    /// use ndarray::{Axis, array};
    /// let table = array![[1.0, 10.0], [3.0, 20.0]];
    /// let means = Engine::sequential().job().along(&Mean::default(), &table.view(), Axis(0))?;
    /// assert_eq!(means, array![2.0, 15.0]);
    /// # Ok::<(), echoes_engine::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first error of a lane; [`Reject::Parameter`] for an axis that is not there.
    pub fn along<'d, K, T, D>(
        &self,
        kernel: &K,
        array: &'d ndarray::ArrayView<'d, T, D>,
        axis: ndarray::Axis,
    ) -> Result<ndarray::Array<K::Output, D::Smaller>>
    where
        K: Kernel,
        D: ndarray::Dimension + ndarray::RemoveAxis,
        View<'d>: From<ndarray::ArrayView1<'d, T>>,
    {
        if axis.index() >= array.ndim() {
            let value = axis.index().to_string();
            return Err(Reject::Parameter { name: "axis", value, expected: "an axis of the array" }.into());
        }
        let lanes = array.lanes(axis);
        let shape = array.raw_dim().remove_axis(axis);
        let answers: Result<Vec<K::Output>> =
            lanes.into_iter().map(|lane| run(self, kernel, smallvec![View::from(lane)])).collect();
        ndarray::Array::from_shape_vec(shape, answers?)
            .map_err(|_| Reject::Kernel("lanes do not fill the shape").into())
    }
}
