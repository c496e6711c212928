//! Programs: a module of SPIR-V made into a pipeline.

use super::Device;
use crate::{Result, assembler::Module};
use std::sync::Arc;
use vulkano::{
    descriptor_set::layout::{
        DescriptorSetLayout, DescriptorSetLayoutBinding, DescriptorSetLayoutCreateInfo, DescriptorType,
    },
    pipeline::{
        ComputePipeline, PipelineLayout, PipelineShaderStageCreateInfo,
        compute::ComputePipelineCreateInfo,
        layout::{PipelineLayoutCreateInfo, PushConstantRange},
    },
    shader::{ShaderModule, ShaderModuleCreateInfo, ShaderStages},
};

/// Words that a dispatch may hand to a program: what every device allows.
pub(super) const WORDS: usize = 32;

/// A program that a device can run.
pub(crate) struct Program {
    pub(super) pipeline: Arc<ComputePipeline>,
    pub(super) layout: Arc<PipelineLayout>,
    pub(super) set: Arc<DescriptorSetLayout>,
}

impl Device {
    /// Makes a module ready to run.
    ///
    /// # Errors
    /// What the driver refuses.
    pub(crate) fn program(&self, module: &Module) -> Result<Program> {
        let inner = || Arc::clone(&self.inner);
        let info = ShaderModuleCreateInfo::new(module.words());
        // SAFETY: `Module` comes from the assembler alone; `spirv-val` passes each of them (`programs.rs`, tests).
        let shader = self.gate.call("vkCreateShaderModule", || unsafe { ShaderModule::new(inner(), info) })?;
        let binding = || DescriptorSetLayoutBinding {
            stages: ShaderStages::COMPUTE,
            ..DescriptorSetLayoutBinding::descriptor_type(DescriptorType::StorageBuffer)
        };
        let bindings = (0..module.buffers()).map(|i| (i, binding())).collect();
        let info = DescriptorSetLayoutCreateInfo { bindings, ..Default::default() };
        let set = self.gate.call("vkCreateDescriptorSetLayout", || DescriptorSetLayout::new(inner(), info))?;
        let words = PushConstantRange { stages: ShaderStages::COMPUTE, offset: 0, size: 4 * WORDS as u32 };
        let info = PipelineLayoutCreateInfo {
            set_layouts: vec![Arc::clone(&set)],
            push_constant_ranges: vec![words],
            ..Default::default()
        };
        let layout = self.gate.call("vkCreatePipelineLayout", || PipelineLayout::new(inner(), info))?;
        let entry = shader.single_entry_point().ok_or(crate::Error::Invalid("a module without an entry"))?;
        let info =
            ComputePipelineCreateInfo::stage_layout(PipelineShaderStageCreateInfo::new(entry), Arc::clone(&layout));
        let pipeline = self.gate.call("vkCreateComputePipelines", || ComputePipeline::new(inner(), None, info))?;
        Ok(Program { pipeline, layout, set })
    }
}
