//! A kernel whose type is known, on columns in memory. Small data take no heap.

use crate::{
    Data, Engine, Error, Job, Result, Run,
    context::Context,
    data::Views,
    emit::{Stretch, Writer},
    fold::{self, Single},
    sample::sample,
    whole::{gather, interruptible},
};
use echoes_io::{Memory, Rows, View};
use echoes_kernel::{Columns, Emission, Kernel, Next, Partial, READINGS_MAX, Reject, Shape};
use smallvec::smallvec;
use std::{sync::atomic::Ordering, time::Instant};

/// Kernels as methods on the caller's thread alone; an [`Engine`] brings more.
pub trait Compute: Kernel {
    /// The answer for columns in memory.
    ///
    /// ```
    /// use echoes_engine::Compute;
    /// use echoes_stats::kernels::{descriptive::Mean, pair::Corr};
    /// assert_eq!(Mean {}.of(&[1.0, 2.0, 6.0])?, 3.0);
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
    let spec = K::SPEC;
    let _span = tracing::trace_span!("run", kernel = spec.name).entered();
    if !spec.columns.accepts(views.len()) {
        return Err(Reject::Columns { kernel: spec.name, expected: spec.columns, found: views.len() }.into());
    }
    let mut context = job.context();
    let columns = views.len();
    let longest = views.iter().map(|view| view.len() as u64).max();
    context.total = longest;
    let data = if spec.is_samples() { Memories::Samples(views) } else { Memories::Rows(Memory::rows(views)?) };
    let sample = if spec.sampled { sample(&context, data.first())? } else { Vec::new() };
    let shape = Shape { rows: longest, columns, sample: &sample };
    let Some(observer) = &job.engine.observed.0 else { return answer(job, &context, kernel.clone(), &shape, &data) };
    let started = Instant::now();
    let output = answer(job, &context, kernel.clone(), &shape, &data)?;
    let (rows, bytes) = (longest.unwrap_or_default(), context.bytes.load(Ordering::Relaxed));
    let seconds = started.elapsed().as_secs_f64();
    observer(&Run { kernels: &[spec.name], backend: "memory", rows, bytes, seconds });
    Ok(output)
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
                work(&Memory::rows(views)?, sample)
            }),
        }
    }
}

fn answer<K: Kernel>(
    job: &Job<'_>,
    context: &Context<'_>,
    mut kernel: K,
    shape: &Shape<'_>,
    data: &Memories<'_>,
) -> Result<K::Output> {
    let pool = job.engine.pool(shape.rows)?;
    for _ in 0..READINGS_MAX {
        let setup = kernel.pass(shape)?;
        let mut pass = K::Pass::begin(&setup);
        if K::SPEC.form.reads_first() {
            let mut first = true;
            data.each(|rows, sample| {
                let begin = || Single { fold: K::Pass::begin(&setup), sample };
                let read = fold::rows(context, pool, rows, begin)?.fold;
                // The first reading is taken as it is: merging it into nothing would be work for the same bits.
                if std::mem::take(&mut first) {
                    pass = read
                } else {
                    Partial::merge(&mut pass, &read)
                }
                Ok(())
            })?;
        }
        match kernel.finish(&pass)? {
            Next::Done(output) => return Ok(output),
            Next::Again(narrower) => kernel = narrower,
            Next::Emit(emission) => return emit::<K>(job, context, &setup, &emission, data),
            Next::Whole(whole) => {
                let mut columns = Columns::new();
                data.each(|rows, _| {
                    columns.extend(gather(context, pool, rows)?);
                    Ok(())
                })?;
                return Ok(interruptible(context, move || whole.whole(columns))??);
            }
        }
    }
    Err(Error::Reject(Reject::Kernel("it never has enough readings")))
}

fn emit<K: Kernel>(
    job: &Job<'_>,
    context: &Context<'_>,
    setup: &<K::Pass as Partial>::Setup,
    emission: &Emission<K>,
    data: &Memories<'_>,
) -> Result<K::Output> {
    let emit = &emission.emit;
    let begin = || K::Pass::begin(setup);
    let writer = Writer {
        needs: emit.needs(),
        columns: emit.names().len(),
        begin: &begin,
        emit: &|before, piece, out| emit.emit(before, piece, out),
    };
    let mut columns = Columns::new();
    data.each(|rows, _| {
        context.start_reading();
        let all = 0..rows.rows();
        let stretch = Stretch { rows, seen: all.clone() };
        let pool = job.engine.pool(Some(all.end))?;
        writer.write(context, pool, &stretch, all, &mut begin(), &mut columns)
    })?;
    columns.resize_with(emit.names().len(), Vec::new);
    Ok((emission.collect)(columns))
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
    /// let means = Engine::sequential().job().along(&Mean {}, &table.view(), Axis(0))?;
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
