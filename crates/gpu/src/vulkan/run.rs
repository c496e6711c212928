//! Running steps, and waiting for them.

use super::{
    Buffer, Device, Program,
    memory::{Part, Place},
    program::WORDS,
};
use crate::{Error, Result};
use std::{
    hint, mem,
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use vulkano::{
    VulkanError,
    command_buffer::{
        AutoCommandBufferBuilder, CommandBufferSubmitInfo, CommandBufferUsage, CopyBufferInfo,
        PrimaryAutoCommandBuffer, SubmitInfo,
    },
    descriptor_set::{DescriptorSet, WriteDescriptorSet},
    pipeline::PipelineBindPoint,
    sync::fence::{Fence, FenceCreateInfo},
};

/// How long a batch of steps may take before the device is held to be lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the end of a batch is looked for before the thread sleeps until it comes: being woken takes longer than a short batch.
const IMPATIENCE: Duration = Duration::from_micros(500);

/// Something for a device to do. Steps are done in order; each sees what those before it have written.
pub(crate) enum Step<'a> {
    /// Bytes to a buffer of at least that length.
    Upload { to: &'a Buffer, bytes: &'a [u8] },
    /// The bytes of a buffer to one of at least that length.
    Copy { from: &'a Buffer, to: &'a Buffer },
    /// Zeros to all of a buffer.
    Clear { buffer: &'a Buffer },
    /// Groups of a program's invocations.
    Dispatch { program: &'a Program, buffers: &'a [Part<'a>], words: &'a [u32], groups: u32 },
    /// Bytes from a buffer of at least that length.
    Download { from: &'a Buffer, bytes: &'a mut [u8] },
}

type Recorder = AutoCommandBufferBuilder<PrimaryAutoCommandBuffer>;

impl Device {
    /// Does the steps, and comes back when they are done.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::Lost`], or what the driver refuses; what was written until then is unknown.
    pub(crate) fn run(self: &Arc<Self>, steps: &mut [Step<'_>]) -> Result<()> {
        let family = self.queue.queue_family_index();
        let allocator = Arc::clone(&self.commands);
        let mut recorder = self.gate.call("vkBeginCommandBuffer", || {
            AutoCommandBufferBuilder::primary(allocator, family, CommandBufferUsage::OneTimeSubmit)
        })?;
        let mut staged = Vec::new();
        for step in steps.iter() {
            staged.push(self.record(&mut recorder, step)?);
        }
        let commands = self.gate.call("vkEndCommandBuffer", || recorder.build())?;
        self.submit(commands)?;
        for (step, staging) in steps.iter_mut().zip(&staged) {
            if let (Step::Download { bytes, .. }, Some(staging)) = (step, staging) {
                self.read(staging, |read| bytes.copy_from_slice(read))?;
            }
        }
        Ok(())
    }

    /// Memory that the device can copy from, with what `fill` writes there.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`], and the errors of `fill`.
    pub(crate) fn staged<E: From<Error>>(
        self: &Arc<Self>,
        bytes: u64,
        fill: impl FnOnce(&mut [u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<Buffer, E> {
        let staging = self.buffer_in(Place::Up, bytes)?;
        let part = staging.part();
        let mut write = self.gate.call("vkFlushMappedMemoryRanges", || part.write())?;
        fill(&mut write)?;
        drop(write);
        Ok(staging)
    }

    /// A buffer of the processor's that the device copies to, for [`read`](Device::read).
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub(crate) fn landing(self: &Arc<Self>, bytes: u64) -> Result<Buffer> {
        self.buffer_in(Place::Down, bytes)
    }

    /// What the device has copied to such a buffer.
    ///
    /// # Errors
    /// What the driver refuses.
    pub(crate) fn read<T>(&self, landed: &Buffer, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let part = landed.part();
        let bytes = self.gate.call("vkInvalidateMappedMemoryRanges", || part.read())?;
        Ok(take(&bytes))
    }

    /// Records a step; gives the memory between the processor and the device, where there is some.
    fn record(self: &Arc<Self>, recorder: &mut Recorder, step: &Step<'_>) -> Result<Option<Buffer>> {
        match step {
            Step::Upload { to, bytes } => {
                let staging = self.staged::<Error>(bytes.len() as u64, |to| {
                    to.copy_from_slice(bytes);
                    Ok(())
                })?;
                self.copy(recorder, &staging, to, bytes.len() as u64)?;
                Ok(Some(staging))
            }
            Step::Copy { from, to } => {
                self.copy(recorder, from, to, from.len())?;
                Ok(None)
            }
            Step::Clear { buffer } => {
                let words = buffer.part().reinterpret::<[u32]>();
                self.gate.call("vkCmdFillBuffer", || recorder.fill_buffer(words, 0).map(drop))?;
                Ok(None)
            }
            Step::Dispatch { program, buffers, words, groups } => {
                self.dispatch(recorder, program, buffers, words, *groups)?;
                Ok(None)
            }
            Step::Download { from, bytes } => {
                let staging = self.landing(bytes.len() as u64)?;
                self.copy(recorder, from, &staging, bytes.len() as u64)?;
                Ok(Some(staging))
            }
        }
    }

    fn copy(&self, recorder: &mut Recorder, from: &Buffer, to: &Buffer, bytes: u64) -> Result<()> {
        if bytes > from.len() || bytes > to.len() {
            return Err(Error::Invalid("a copy beyond the end of a buffer"));
        }
        let (from, to) = (from.part().slice(..bytes), to.part().slice(..bytes));
        self.gate.call("vkCmdCopyBuffer", || recorder.copy_buffer(CopyBufferInfo::buffers(from, to)).map(drop))
    }

    fn dispatch(
        &self,
        recorder: &mut Recorder,
        program: &Program,
        buffers: &[Part<'_>],
        words: &[u32],
        groups: u32,
    ) -> Result<()> {
        if groups > self.limits.groups || words.len() > WORDS {
            return Err(Error::Invalid("a dispatch too large"));
        }
        let mut all = [0; WORDS];
        all[..words.len()].copy_from_slice(words);
        let parts: Option<Vec<_>> = buffers.iter().map(|part| part.get()).collect();
        let parts = parts.ok_or(Error::Invalid("a part beyond the end of a buffer"))?;
        let writes = (0..).zip(parts).map(|(i, part)| WriteDescriptorSet::buffer(i, part));
        let allocator = Arc::clone(&self.sets);
        let set = self
            .gate
            .call("vkUpdateDescriptorSets", || DescriptorSet::new(allocator, Arc::clone(&program.set), writes, []))?;
        self.gate.call("vkCmdDispatch", || {
            recorder.bind_pipeline_compute(Arc::clone(&program.pipeline))?;
            recorder.bind_descriptor_sets(PipelineBindPoint::Compute, Arc::clone(&program.layout), 0, set)?;
            recorder.push_constants(Arc::clone(&program.layout), 0, all)?;
            // SAFETY: programs end, since their loops count to a bound, and what they reach beyond a buffer is caught by the
            // device's robust access, which `open` asks for.
            unsafe { recorder.dispatch([groups, 1, 1]) }.map(drop)
        })
    }

    fn submit(&self, commands: Arc<PrimaryAutoCommandBuffer>) -> Result<()> {
        let fence = self.fence()?;
        let info = SubmitInfo {
            command_buffers: vec![CommandBufferSubmitInfo::new(Arc::clone(&commands) as Arc<_>)],
            ..Default::default()
        };
        self.gate.call("vkQueueSubmit", || {
            // SAFETY: commands and fence live until the fence is signalled, or for ever; the command buffer is submitted once,
            // and its barriers order it within itself. What it shares with others was written before their fence.
            self.queue.with(|mut queue| unsafe { queue.submit(&[info], Some(&fence)) })
        })?;
        self.gate.call("vkWaitForFences", || wait(&fence)).map_err(|_| {
            // The device may still work with them: they are given up, and so is it.
            mem::forget((commands, Arc::clone(&fence)));
            self.gate.lose();
            Error::Lost
        })?;
        self.fences().push(fence);
        Ok(())
    }

    /// A fence that is not signalled: one that has served before, since some drivers take longer to make one than to do the work.
    fn fence(&self) -> Result<Arc<Fence>> {
        let used = self.fences().pop();
        let Some(fence) = used else {
            let make = || Fence::new(Arc::clone(&self.inner), FenceCreateInfo::default());
            return Ok(Arc::new(self.gate.call("vkCreateFence", make)?));
        };
        // SAFETY: it was waited for before it was put aside, and one that is taken from there has no other owner.
        self.gate.call("vkResetFences", || unsafe { fence.reset() })?;
        Ok(fence)
    }

    fn fences(&self) -> MutexGuard<'_, Vec<Arc<Fence>>> {
        self.fences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a fence is signalled.
fn wait(fence: &Fence) -> std::result::Result<(), VulkanError> {
    let started = Instant::now();
    while started.elapsed() < IMPATIENCE {
        if fence.is_signaled()? {
            return Ok(());
        }
        hint::spin_loop();
    }
    fence.wait(Some(PATIENCE))
}
