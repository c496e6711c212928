//! Buffers, of sizes that are powers of two, used again once they are free.

use super::Device;
use crate::{Error, Result};
use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use vulkano::{
    buffer::{BufferCreateInfo, BufferUsage, Subbuffer, sys::RawBuffer},
    memory::{
        DeviceMemory, MemoryAllocateInfo, MemoryMapInfo, MemoryPropertyFlags, MemoryRequirements, ResourceMemory,
    },
};

/// The smallest buffer.
const SMALLEST: u64 = 4 << 10;

/// Where a part of a buffer may begin on every device.
pub(crate) const ALIGNED: u64 = 256;

/// Bytes of free buffers that are kept.
const KEPT: u64 = 512 << 20;

/// Where a buffer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// In the device's memory, where programs work.
    Device,
    /// In memory that the processor writes and the device reads.
    Up,
    /// In memory that the device writes and the processor reads, through its caches: without them a read is 20 times slower.
    Down,
}

impl Place {
    /// What the memory must be; what it should be, the best first.
    const fn wishes(self) -> [MemoryPropertyFlags; 3] {
        type Flags = MemoryPropertyFlags;
        match self {
            Self::Device => [Flags::DEVICE_LOCAL, Flags::empty(), Flags::empty()],
            Self::Up => [Flags::HOST_VISIBLE.union(Flags::HOST_COHERENT), Flags::HOST_VISIBLE, Flags::HOST_VISIBLE],
            Self::Down => [
                Flags::HOST_VISIBLE.union(Flags::HOST_COHERENT).union(Flags::HOST_CACHED),
                Flags::HOST_VISIBLE.union(Flags::HOST_CACHED),
                Flags::HOST_VISIBLE,
            ],
        }
    }
}

/// A buffer; free again when it is dropped.
pub(crate) struct Buffer {
    device: Arc<Device>,
    place: Place,
    /// Bytes asked for.
    len: u64,
    whole: Subbuffer<[u8]>,
}

impl Buffer {
    /// Bytes asked for.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// The bytes that were asked for.
    pub(super) fn part(&self) -> Subbuffer<[u8]> {
        self.whole.clone().slice(..self.len)
    }

    /// All of it, for a program.
    pub(crate) const fn all(&self) -> Part<'_> {
        Part { of: self, from: 0, to: self.len }
    }

    /// Places of items of so many bytes, for a program. The first must begin at a multiple of [`ALIGNED`] bytes.
    pub(crate) const fn of(&self, size: usize, places: &Range<usize>) -> Part<'_> {
        Part { of: self, from: (size * places.start) as u64, to: (size * places.end) as u64 }
    }
}

/// Some bytes of a buffer, which a program is bound to. Dispatches that write to different parts need not wait for each other.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    of: &'a Buffer,
    from: u64,
    to: u64,
}

impl Part<'_> {
    /// The bytes; `None` beyond the buffer, and for none.
    pub(super) fn get(self) -> Option<Subbuffer<[u8]>> {
        let fits = self.from < self.to && self.to <= self.of.len;
        fits.then(|| self.of.whole.clone().slice(self.from..self.to))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // The device may still write to what it had when it was lost.
        if !self.device.is_lost() {
            self.device.pool().put(self.place, self.whole.clone());
        }
    }
}

/// The buffers that are free.
#[derive(Default)]
pub(super) struct Pool {
    free: HashMap<(Place, u64), Vec<Subbuffer<[u8]>>>,
    bytes: u64,
}

impl Pool {
    fn take(&mut self, place: Place, size: u64) -> Option<Subbuffer<[u8]>> {
        let found = self.free.get_mut(&(place, size))?.pop()?;
        self.bytes -= size;
        Some(found)
    }

    fn put(&mut self, place: Place, buffer: Subbuffer<[u8]>) {
        let size = buffer.size();
        if self.bytes + size <= KEPT {
            self.bytes += size;
            self.free.entry((place, size)).or_default().push(buffer);
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Device {
    /// A buffer for programs, of unknown content.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::OutOfMemory`].
    pub(crate) fn buffer(self: &Arc<Self>, bytes: u64) -> Result<Buffer> {
        self.buffer_in(Place::Device, bytes)
    }

    pub(super) fn buffer_in(self: &Arc<Self>, place: Place, len: u64) -> Result<Buffer> {
        if len > self.limits.buffer {
            return Err(Error::TooLarge { needed: len, limit: self.limits.buffer });
        }
        let size = len.next_power_of_two().max(SMALLEST);
        let pooled = self.pool().take(place, size);
        let whole = match pooled {
            Some(buffer) => buffer,
            None => self.new_buffer(place, size).or_else(|error| {
                if error != Error::OutOfMemory {
                    return Err(error);
                }
                // What is free but of other sizes may make room.
                self.pool().clear();
                self.new_buffer(place, size)
            })?,
        };
        Ok(Buffer { device: Arc::clone(self), place, len, whole })
    }

    fn new_buffer(&self, place: Place, size: u64) -> Result<Subbuffer<[u8]>> {
        let usage = match place {
            Place::Device => BufferUsage::STORAGE_BUFFER | BufferUsage::TRANSFER_SRC | BufferUsage::TRANSFER_DST,
            Place::Up => BufferUsage::TRANSFER_SRC,
            Place::Down => BufferUsage::TRANSFER_DST,
        };
        let info = BufferCreateInfo { size, usage, ..Default::default() };
        let buffer = self.gate.call("vkCreateBuffer", || RawBuffer::new(Arc::clone(&self.inner), info))?;
        let needs = *buffer.memory_requirements();
        let memory_type_index = self.memory_type(place, &needs).ok_or(Error::OutOfMemory)?;
        let info = MemoryAllocateInfo { allocation_size: needs.layout.size(), memory_type_index, ..Default::default() };
        let mut memory =
            self.gate.call("vkAllocateMemory", || DeviceMemory::allocate(Arc::clone(&self.inner), info))?;
        if place != Place::Device {
            let all = MemoryMapInfo { size: memory.allocation_size(), ..Default::default() };
            self.gate.call("vkMapMemory", || memory.map(all))?;
        }
        let memory = ResourceMemory::new_dedicated(memory);
        let bound = self.gate.call("vkBindBufferMemory", || buffer.bind_memory(memory).map_err(|(error, ..)| error))?;
        Ok(Subbuffer::new(Arc::new(bound)))
    }

    fn memory_type(&self, place: Place, needs: &MemoryRequirements) -> Option<u32> {
        let types = &self.inner.physical_device().memory_properties().memory_types;
        let fits = |wish: MemoryPropertyFlags| {
            (0..).zip(types).find_map(|(index, kind)| {
                let fits = needs.memory_type_bits & (1 << index) != 0 && kind.property_flags.contains(wish);
                fits.then_some(index)
            })
        };
        place.wishes().into_iter().find_map(fits)
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        lock(&self.pool)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
