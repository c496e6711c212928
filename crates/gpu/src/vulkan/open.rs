//! Looking for a device. Nothing is loaded before this is called, and nothing is printed.

use super::{Device, Floats, Kind, Limits, gate::Faults, gate::Gate, memory::Pool};
use crate::{Absent, Error, Result};
use std::sync::{Arc, Mutex};
use vulkano::{
    Version, VulkanLibrary,
    command_buffer::allocator::StandardCommandBufferAllocator,
    descriptor_set::allocator::StandardDescriptorSetAllocator,
    device::{
        DeviceCreateInfo, DeviceFeatures, DeviceProperties, QueueCreateInfo, QueueFlags,
        physical::{PhysicalDevice, PhysicalDeviceType},
    },
    instance::{
        Instance, InstanceCreateInfo, InstanceExtensions,
        debug::{
            DebugUtilsMessageSeverity, DebugUtilsMessageType, DebugUtilsMessenger, DebugUtilsMessengerCallback,
            DebugUtilsMessengerCreateInfo,
        },
    },
    memory::MemoryHeapFlags,
};

/// The layer that checks each call against the specification.
const VALIDATION: &str = "VK_LAYER_KHRONOS_validation";

/// Receives what the validation layer has to say.
type Messages = dyn Fn(&str) + Send + Sync;

/// How to look for a device.
#[derive(Clone, Default)]
pub struct Options {
    processor: bool,
    messages: Option<Arc<Messages>>,
    faults: Option<Arc<Faults>>,
}

impl Options {
    /// Takes a driver that runs on the processor, and nothing else: for tests.
    #[must_use]
    pub fn on_processor(self) -> Self {
        Self { processor: true, ..self }
    }

    /// Has every call checked by the validation layer, where it is installed; `messages` gets each warning and error.
    #[must_use]
    pub fn validate(self, messages: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { messages: Some(Arc::new(messages)), ..self }
    }

    /// Lets calls to the driver fail: for tests.
    #[must_use]
    pub fn faults(self, faults: impl Fn(&'static str) -> Option<Error> + Send + Sync + 'static) -> Self {
        Self { faults: Some(Arc::new(faults)), ..self }
    }

    /// The best device: one with its own memory, else one that shares the processor's, else a virtual one.
    ///
    /// # Errors
    /// [`Error::Absent`] with the reason, if there is none; else what the driver refuses.
    pub fn open(&self) -> Result<Arc<Device>> {
        let gate = Gate::new(self.faults.clone());
        let instance = self.instance(&gate)?;
        let devices = gate.call("vkEnumeratePhysicalDevices", || instance.enumerate_physical_devices());
        let devices = devices.map_err(|e| Absent::Driver(e.to_string()))?;
        let chosen = choose(devices.map(Candidate::new), self.processor)?;
        open(gate, chosen, self.messages.clone())
    }

    fn instance(&self, gate: &Gate) -> Result<Arc<Instance>> {
        let library = gate.call("dlopen", VulkanLibrary::new).map_err(|e| Absent::Library(e.to_string()))?;
        let mut info = InstanceCreateInfo { max_api_version: Some(Version::V1_2), ..Default::default() };
        if let Some(messages) = &self.messages {
            let layers = gate.call("vkEnumerateInstanceLayerProperties", || library.layer_properties())?;
            if layers.into_iter().any(|layer| layer.name() == VALIDATION) {
                info.enabled_layers.push(VALIDATION.to_owned());
                info.enabled_extensions = InstanceExtensions { ext_debug_utils: true, ..InstanceExtensions::empty() };
                info.debug_utils_messengers.push(messenger(Arc::clone(messages)));
            } else {
                messages("the validation layer is not installed");
            }
        }
        Ok(gate.call("vkCreateInstance", || Instance::new(library, info)).map_err(|e| Absent::Driver(e.to_string()))?)
    }
}

fn messenger(messages: Arc<Messages>) -> DebugUtilsMessengerCreateInfo {
    let messages = std::panic::AssertUnwindSafe(messages);
    // SAFETY: the callback makes no call to Vulkan: it hands on a string.
    let callback = unsafe {
        DebugUtilsMessengerCallback::new(move |_, _, data| {
            let messages = &messages;
            messages(data.message);
        })
    };
    DebugUtilsMessengerCreateInfo {
        message_severity: DebugUtilsMessageSeverity::ERROR | DebugUtilsMessageSeverity::WARNING,
        // `user_callback` alone would hear general messages, and none of the layer's.
        message_type: DebugUtilsMessageType::GENERAL | DebugUtilsMessageType::VALIDATION,
        ..DebugUtilsMessengerCreateInfo::user_callback(callback)
    }
}

/// A device that could be opened.
struct Candidate {
    device: Arc<PhysicalDevice>,
    kind: Kind,
}

impl Candidate {
    fn new(device: Arc<PhysicalDevice>) -> Self {
        let kind = match device.properties().device_type {
            PhysicalDeviceType::DiscreteGpu => Kind::Discrete,
            PhysicalDeviceType::IntegratedGpu => Kind::Integrated,
            PhysicalDeviceType::Cpu => Kind::Processor,
            _ => Kind::Virtual,
        };
        Self { device, kind }
    }

    fn name(&self) -> String {
        self.device.properties().device_name.clone()
    }

    /// What every program needs and this device has not.
    fn lacks(&self) -> Option<&'static str> {
        if self.device.api_version() < Version::V1_2 {
            return Some("Vulkan 1.2");
        }
        if !self.device.supported_features().shader_float64 {
            return Some("arithmetic with doubles");
        }
        self.family().is_none().then_some("queue for programs")
    }

    /// The family of queues to use: the first that runs programs.
    fn family(&self) -> Option<u32> {
        let families = self.device.queue_family_properties();
        let found = families.iter().position(|family| family.queue_flags.intersects(QueueFlags::COMPUTE))?;
        u32::try_from(found).ok()
    }
}

/// The best of the devices; one that runs on the processor only `on_processor`, and then nothing else.
fn choose(devices: impl Iterator<Item = Candidate>, on_processor: bool) -> std::result::Result<Candidate, Absent> {
    let mut best: Option<Candidate> = None;
    let mut reason = Absent::Device;
    for device in devices {
        if (device.kind == Kind::Processor) != on_processor {
            if reason == Absent::Device && !on_processor {
                reason = Absent::Processor(device.name());
            }
        } else if let Some(lacks) = device.lacks() {
            reason = Absent::Unfit { name: device.name(), lacks };
        } else if best.as_ref().is_none_or(|best| device.kind < best.kind) {
            best = Some(device);
        }
    }
    best.ok_or(reason)
}

fn open(gate: Gate, chosen: Candidate, messages: Option<Arc<Messages>>) -> Result<Arc<Device>> {
    let properties = chosen.device.properties();
    let limits = Limits {
        buffer: properties.max_storage_buffer_range.into(),
        groups: properties.max_compute_work_group_count[0],
        floats: Floats {
            denormals: properties.shader_denorm_preserve_float64 == Some(true),
            nearest: properties.shader_rounding_mode_rte_float64 == Some(true),
            specials: properties.shader_signed_zero_inf_nan_preserve_float64 == Some(true),
        },
    };
    let driver = [&properties.driver_name, &properties.driver_info].map(|text| text.clone().unwrap_or_default());
    let (kind, name, driver) = (chosen.kind, chosen.name(), driver.join(" ").trim().to_owned());
    let (identity, memory) = (identity(properties), memory(&chosen.device));
    let queue_family_index = chosen.family().ok_or(Absent::Device)?;
    let info = DeviceCreateInfo {
        queue_create_infos: vec![QueueCreateInfo { queue_family_index, ..Default::default() }],
        // Robust access: what a program reads beyond a buffer is some number, never another's memory.
        enabled_features: DeviceFeatures {
            shader_float64: true,
            robust_buffer_access: true,
            ..DeviceFeatures::empty()
        },
        ..Default::default()
    };
    let (inner, mut queues) =
        gate.call("vkCreateDevice", || vulkano::device::Device::new(Arc::clone(&chosen.device), info))?;
    let queue = queues.next().ok_or(Absent::Device)?;
    // Those of the instance's parameters hear its own making and end alone.
    let instance = Arc::clone(chosen.device.instance());
    let messages = messages.filter(|_| instance.enabled_extensions().ext_debug_utils).map(messenger);
    let messenger = |info| gate.call("vkCreateDebugUtilsMessengerEXT", || DebugUtilsMessenger::new(instance, info));
    let messenger = messages.map(messenger).transpose()?;
    Ok(Arc::new(Device {
        gate,
        kind,
        name,
        driver,
        identity,
        memory,
        limits,
        pool: Mutex::new(Pool::default()),
        fences: Mutex::default(),
        _messenger: messenger,
        queue,
        commands: Arc::new(StandardCommandBufferAllocator::new(Arc::clone(&inner), Default::default())),
        sets: Arc::new(StandardDescriptorSetAllocator::new(Arc::clone(&inner), Default::default())),
        inner,
    }))
}

/// The device's own number, and the version of its driver.
fn identity(properties: &DeviceProperties) -> String {
    let number: String = properties.device_uuid.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{number}-{:x}", properties.driver_version)
}

/// Bytes of the largest heap of the device's own.
fn memory(device: &PhysicalDevice) -> u64 {
    let heaps = device.memory_properties().memory_heaps.iter();
    let own = heaps.filter(|heap| heap.flags.intersects(MemoryHeapFlags::DEVICE_LOCAL));
    own.map(|heap| heap.size).max().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::print_stdout, reason = "a skipped test says so")]
mod tests {
    use super::*;
    use vulkano::buffer::{BufferCreateInfo, BufferUsage, sys::RawBuffer};

    #[test]
    fn what_the_layer_says_is_heard() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let messages = Arc::clone(&heard);
        let options = Options::default().on_processor();
        let options = options.validate(move |message| messages.lock().unwrap().push(message.to_owned()));
        let device = match options.open() {
            Ok(device) => device,
            Err(reason) => return println!("skipped: {reason}"),
        };
        if let Some(reason) = heard.lock().unwrap().pop() {
            return println!("skipped: {reason}");
        }
        let useless = BufferCreateInfo { size: 64, usage: BufferUsage::empty(), ..Default::default() };
        // SAFETY: it is against the rules, so that the layer has something to say; the driver makes a buffer that nothing uses.
        drop(unsafe { RawBuffer::new_unchecked(Arc::clone(&device.inner), useless) });
        let heard = heard.lock().unwrap();
        assert!(heard.iter().any(|message| message.contains("VkBufferCreateInfo-usage")), "{heard:?}");
    }
}
