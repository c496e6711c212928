//! A small assembler of SPIR-V: doubles, words, truths, buffers, memory shared by a group, loops and choices.
//!
//! Every operation on doubles is marked `NoContraction`, so that no driver fuses a multiplication with an addition or adds in
//! another order: without it, compensated sums lose what they are for.

use crate::vulkan::Floats;
use rspirv::{
    binary::Assemble,
    dr::{Block, Builder, Function, Instruction, Operand},
    spirv::{
        AddressingModel, BuiltIn, Capability, Decoration, ExecutionMode, ExecutionModel, FunctionControl, LoopControl,
        MemoryModel, Op, SelectionControl, StorageClass, Word,
    },
};
use std::{collections::HashMap, marker::PhantomData};

/// A double.
#[derive(Debug, Clone, Copy)]
pub(crate) struct F(Word);

/// A word: 32 bits without a sign.
#[derive(Debug, Clone, Copy)]
pub(crate) struct U(Word);

/// A truth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct B(Word);

/// What buffers and variables hold.
pub(crate) trait Value: Copy {
    fn of(id: Word) -> Self;
    fn id(self) -> Word;
    fn kind(types: &Types) -> Word;
    const SIZE: u32;
}

impl Value for F {
    fn of(id: Word) -> Self {
        Self(id)
    }
    fn id(self) -> Word {
        self.0
    }
    fn kind(types: &Types) -> Word {
        types.double
    }
    const SIZE: u32 = 8;
}

impl Value for U {
    fn of(id: Word) -> Self {
        Self(id)
    }
    fn id(self) -> Word {
        self.0
    }
    fn kind(types: &Types) -> Word {
        types.word
    }
    const SIZE: u32 = 4;
}

/// An array in a buffer, or shared by a group.
pub(crate) struct Array<T> {
    variable: Word,
    /// The type of a pointer to an element.
    pointer: Word,
    /// Whether it is the only member of a structure, as in a buffer.
    wrapped: bool,
    holds: PhantomData<T>,
}

/// A variable of one invocation.
pub(crate) struct Var<T> {
    variable: Word,
    holds: PhantomData<T>,
}

impl<T> Clone for Array<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Array<T> {}
impl<T> Clone for Var<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Var<T> {}

/// The types of a module.
pub(crate) struct Types {
    void: Word,
    truth: Word,
    word: Word,
    double: Word,
    pair: Word,
}

/// A finished module.
pub(crate) struct Module {
    words: Vec<u32>,
    buffers: u32,
}

impl Module {
    pub(crate) fn words(&self) -> &[u32] {
        &self.words
    }

    /// The buffers that it is bound to.
    pub(crate) const fn buffers(&self) -> u32 {
        self.buffers
    }
}

/// Scopes and semantics of synchronisation, by their numbers in the specification.
const DEVICE: u32 = 1;
const WORKGROUP: u32 = 2;
const ACQUIRE_RELEASE_WORKGROUP: u32 = 0x8 | 0x100;

/// Words of parameters, as many as every device allows.
const WORDS: u32 = 32;

/// A module under construction: one function, run by each invocation of each group.
pub(crate) struct Assembler {
    builder: Builder,
    types: Types,
    main: Word,
    blocks: Vec<Block>,
    constants: HashMap<(Word, u64), Word>,
    interface: Vec<Word>,
    parameters: Word,
    word_parameter: Word,
    local: Word,
    group: Word,
    buffers: u32,
}

impl Assembler {
    /// A program for groups of `size` invocations.
    pub(crate) fn new(floats: Floats, size: u32) -> Self {
        let mut b = Builder::new();
        b.set_version(1, 5);
        b.capability(Capability::Shader);
        b.capability(Capability::Float64);
        b.memory_model(AddressingModel::Logical, MemoryModel::GLSL450);
        let types = Types {
            void: b.type_void(),
            truth: b.type_bool(),
            word: b.type_int(32, 0),
            double: b.type_float(64, None),
            pair: 0,
        };
        let types = Types { pair: b.type_vector(types.word, 2), ..types };
        let main = b.id();
        b.execution_mode(main, ExecutionMode::LocalSize, [size, 1, 1]);
        for (wanted, capability, mode) in [
            (floats.denormals, Capability::DenormPreserve, ExecutionMode::DenormPreserve),
            (floats.nearest, Capability::RoundingModeRTE, ExecutionMode::RoundingModeRTE),
            (floats.specials, Capability::SignedZeroInfNanPreserve, ExecutionMode::SignedZeroInfNanPreserve),
        ] {
            if wanted {
                b.capability(capability);
                b.execution_mode(main, mode, [64]);
            }
        }
        let (parameters, word_parameter) = parameters(&mut b, types.word);
        let local = builtin(&mut b, types.word, BuiltIn::LocalInvocationId);
        let group = builtin(&mut b, types.word, BuiltIn::WorkgroupId);
        let mut assembler = Self {
            builder: b,
            types,
            main,
            blocks: Vec::new(),
            constants: HashMap::new(),
            interface: vec![parameters, local, group],
            parameters,
            word_parameter,
            local,
            group,
            buffers: 0,
        };
        let entry = assembler.builder.id();
        assembler.begin(entry);
        assembler.local = assembler.first_of(local);
        assembler.group = assembler.first_of(group);
        assembler
    }

    /// The module.
    pub(crate) fn finish(mut self) -> Module {
        self.op(Op::Return, None, vec![]);
        let kind = self.builder.type_function(self.types.void, []);
        let mut function = Function::new();
        let control = Operand::FunctionControl(FunctionControl::NONE);
        let operands = vec![control, Operand::IdRef(kind)];
        function.def = Some(Instruction::new(Op::Function, Some(self.types.void), Some(self.main), operands));
        function.end = Some(Instruction::new(Op::FunctionEnd, None, None, vec![]));
        function.blocks = self.blocks;
        self.builder.module_mut().functions.push(function);
        self.builder.entry_point(ExecutionModel::GLCompute, self.main, "main", &self.interface);
        Module { words: self.builder.module().assemble(), buffers: self.buffers }
    }

    /// The next buffer that the program is bound to.
    pub(crate) fn buffer<T: Value>(&mut self) -> Array<T> {
        let b = &mut self.builder;
        let element = T::kind(&self.types);
        // Each its own type, since a type is laid out once.
        let id = b.id();
        let array = b.type_runtime_array_id(Some(id), element);
        b.decorate(array, Decoration::ArrayStride, [Operand::LiteralBit32(T::SIZE)]);
        let id = b.id();
        let structure = b.type_struct_id(Some(id), [array]);
        b.decorate(structure, Decoration::Block, []);
        b.member_decorate(structure, 0, Decoration::Offset, [Operand::LiteralBit32(0)]);
        let whole = b.type_pointer(None, StorageClass::StorageBuffer, structure);
        let variable = b.variable(whole, None, StorageClass::StorageBuffer, None);
        b.decorate(variable, Decoration::DescriptorSet, [Operand::LiteralBit32(0)]);
        b.decorate(variable, Decoration::Binding, [Operand::LiteralBit32(self.buffers)]);
        let pointer = b.type_pointer(None, StorageClass::StorageBuffer, element);
        self.buffers += 1;
        self.interface.push(variable);
        Array { variable, pointer, wrapped: true, holds: PhantomData }
    }

    /// Memory that the invocations of a group share.
    pub(crate) fn shared<T: Value>(&mut self, len: u32) -> Array<T> {
        let len = self.u(len);
        let b = &mut self.builder;
        let element = T::kind(&self.types);
        let array = b.type_array(element, len.0);
        let whole = b.type_pointer(None, StorageClass::Workgroup, array);
        let variable = b.variable(whole, None, StorageClass::Workgroup, None);
        let pointer = b.type_pointer(None, StorageClass::Workgroup, element);
        self.interface.push(variable);
        Array { variable, pointer, wrapped: false, holds: PhantomData }
    }

    /// A variable with a first value.
    pub(crate) fn var<T: Value>(&mut self, first: T) -> Var<T> {
        let pointer = self.builder.type_pointer(None, StorageClass::Private, T::kind(&self.types));
        let variable = self.builder.variable(pointer, None, StorageClass::Private, None);
        self.interface.push(variable);
        let var = Var { variable, holds: PhantomData };
        self.set(var, first);
        var
    }

    pub(crate) fn get<T: Value>(&mut self, var: Var<T>) -> T {
        let kind = T::kind(&self.types);
        T::of(self.value(Op::Load, kind, vec![Operand::IdRef(var.variable)]))
    }

    pub(crate) fn set<T: Value>(&mut self, var: Var<T>, to: T) {
        self.op(Op::Store, None, vec![Operand::IdRef(var.variable), Operand::IdRef(to.id())]);
    }

    pub(crate) fn load<T: Value>(&mut self, from: Array<T>, at: U) -> T {
        let pointer = self.element(from, at);
        let kind = T::kind(&self.types);
        T::of(self.value(Op::Load, kind, vec![Operand::IdRef(pointer)]))
    }

    pub(crate) fn store<T: Value>(&mut self, to: Array<T>, at: U, value: T) {
        let pointer = self.element(to, at);
        self.op(Op::Store, None, vec![Operand::IdRef(pointer), Operand::IdRef(value.id())]);
    }

    /// Adds to an element that other invocations add to as well.
    pub(crate) fn atomic_add(&mut self, to: Array<U>, at: U, value: U) {
        let pointer = self.element(to, at);
        let (scope, relaxed) = (self.u(DEVICE), self.u(0));
        let operands = vec![
            Operand::IdRef(pointer),
            Operand::IdScope(scope.0),
            Operand::IdMemorySemantics(relaxed.0),
            Operand::IdRef(value.0),
        ];
        self.value(Op::AtomicIAdd, self.types.word, operands);
    }

    fn element<T>(&mut self, of: Array<T>, at: U) -> Word {
        let mut operands = vec![Operand::IdRef(of.variable)];
        if of.wrapped {
            operands.push(Operand::IdRef(self.u(0).0));
        }
        operands.push(Operand::IdRef(at.0));
        self.value(Op::AccessChain, of.pointer, operands)
    }

    /// The invocation's number in its group.
    pub(crate) const fn local(&self) -> U {
        U(self.local)
    }

    /// The group's number.
    pub(crate) const fn group(&self) -> U {
        U(self.group)
    }

    /// The word that the dispatch hands over at a place.
    pub(crate) fn word(&mut self, at: u32) -> U {
        let at = self.u(at);
        let operands = vec![Operand::IdRef(self.parameters), Operand::IdRef(at.0)];
        let pointer = self.value(Op::AccessChain, self.word_parameter, operands);
        U(self.value(Op::Load, self.types.word, vec![Operand::IdRef(pointer)]))
    }

    /// The double that the dispatch hands over in two words, the low one first.
    pub(crate) fn double(&mut self, at: u32) -> F {
        let halves = [self.word(at), self.word(at + 1)].map(|half| Operand::IdRef(half.0));
        let pair = self.value(Op::CompositeConstruct, self.types.pair, halves.to_vec());
        F(self.value(Op::Bitcast, self.types.double, vec![Operand::IdRef(pair)]))
    }

    /// A double.
    pub(crate) fn f(&mut self, x: f64) -> F {
        let kind = self.types.double;
        let builder = &mut self.builder;
        F(*self.constants.entry((kind, x.to_bits())).or_insert_with(|| builder.constant_bit64(kind, x.to_bits())))
    }

    /// A word.
    pub(crate) fn u(&mut self, x: u32) -> U {
        let kind = self.types.word;
        let builder = &mut self.builder;
        U(*self.constants.entry((kind, x.into())).or_insert_with(|| builder.constant_bit32(kind, x)))
    }

    /// Waits until all invocations of the group are here, and shows each what the others wrote to shared memory.
    pub(crate) fn barrier(&mut self) {
        let (scope, semantics) = (self.u(WORKGROUP), self.u(ACQUIRE_RELEASE_WORKGROUP));
        let operands =
            vec![Operand::IdScope(scope.0), Operand::IdScope(scope.0), Operand::IdMemorySemantics(semantics.0)];
        self.op(Op::ControlBarrier, None, operands);
    }

    /// Does something where a truth holds.
    pub(crate) fn when(&mut self, holds: B, then: impl FnOnce(&mut Self)) {
        let [yes, after] = self.labels();
        self.op(
            Op::SelectionMerge,
            None,
            vec![Operand::IdRef(after), Operand::SelectionControl(SelectionControl::NONE)],
        );
        self.fork(holds, yes, after);
        self.begin(yes);
        then(self);
        self.jump(after);
        self.begin(after);
    }

    /// Counts from a word to another, which is left out.
    pub(crate) fn count(&mut self, from: U, to: U, body: impl FnOnce(&mut Self, U)) {
        let i = self.var(from);
        let [head, test, inside, next, after] = self.labels();
        self.jump(head);
        self.begin(head);
        self.op(
            Op::LoopMerge,
            None,
            vec![Operand::IdRef(after), Operand::IdRef(next), Operand::LoopControl(LoopControl::NONE)],
        );
        self.jump(test);
        self.begin(test);
        let now = self.get(i);
        let goes_on = self.less(now, to);
        self.fork(goes_on, inside, after);
        self.begin(inside);
        body(self, now);
        self.jump(next);
        self.begin(next);
        let now = self.get(i);
        let one = self.u(1);
        let then = self.iadd(now, one);
        self.set(i, then);
        self.jump(head);
        self.begin(after);
    }

    fn labels<const N: usize>(&mut self) -> [Word; N] {
        std::array::from_fn(|_| self.builder.id())
    }

    fn begin(&mut self, label: Word) {
        let mut block = Block::new();
        block.label = Some(Instruction::new(Op::Label, None, Some(label), vec![]));
        self.blocks.push(block);
    }

    fn jump(&mut self, to: Word) {
        self.op(Op::Branch, None, vec![Operand::IdRef(to)]);
    }

    fn fork(&mut self, on: B, yes: Word, no: Word) {
        self.op(Op::BranchConditional, None, [on.0, yes, no].map(Operand::IdRef).to_vec());
    }

    fn op(&mut self, op: Op, result: Option<(Word, Word)>, operands: Vec<Operand>) {
        let (kind, id) = result.unzip();
        if let Some(block) = self.blocks.last_mut() {
            block.instructions.push(Instruction::new(op, kind, id, operands));
        }
    }

    fn value(&mut self, op: Op, kind: Word, operands: Vec<Operand>) -> Word {
        let id = self.builder.id();
        self.op(op, Some((kind, id)), operands);
        id
    }

    fn first_of(&mut self, variable: Word) -> Word {
        let zero = self.u(0);
        let pointer = self.builder.type_pointer(None, StorageClass::Input, self.types.word);
        let operands = vec![Operand::IdRef(variable), Operand::IdRef(zero.0)];
        let pointer = self.value(Op::AccessChain, pointer, operands);
        self.value(Op::Load, self.types.word, vec![Operand::IdRef(pointer)])
    }

    fn exact(&mut self, op: Op, operands: &[F]) -> F {
        let id = self.value(op, self.types.double, operands.iter().map(|x| Operand::IdRef(x.0)).collect());
        self.builder.decorate(id, Decoration::NoContraction, []);
        F(id)
    }

    pub(crate) fn select<T: Value>(&mut self, holds: B, yes: T, no: T) -> T {
        let kind = T::kind(&self.types);
        T::of(self.value(Op::Select, kind, [holds.0, yes.id(), no.id()].map(Operand::IdRef).to_vec()))
    }

    /// The nearest double: exact.
    pub(crate) fn double_of(&mut self, x: U) -> F {
        F(self.value(Op::ConvertUToF, self.types.double, vec![Operand::IdRef(x.0)]))
    }

    /// The whole part of a double that is known to be between 0 and 2³².
    pub(crate) fn whole_of(&mut self, x: F) -> U {
        U(self.value(Op::ConvertFToU, self.types.word, vec![Operand::IdRef(x.0)]))
    }

    /// The smaller of two words.
    pub(crate) fn smaller(&mut self, a: U, b: U) -> U {
        let first = self.less(a, b);
        self.select(first, a, b)
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($($x:ident),*): $in:ident -> $out:ident = $op:ident $how:ident;)*) => {
        impl Assembler {
            $($(#[$doc])* pub(crate) fn $name(&mut self, $($x: $in),*) -> $out {
                operations!($how self, $in, $out, $op, $($x),*)
            })*
        }
    };
    (exact $self:ident, $in:ident, $out:ident, $op:ident, $($x:ident),*) => { $self.exact(Op::$op, &[$($x),*]) };
    (plain $self:ident, $in:ident, $out:ident, $op:ident, $($x:ident),*) => {
        U($self.value(Op::$op, $self.types.word, vec![$(Operand::IdRef($x.0)),*]))
    };
    (truth $self:ident, $in:ident, $out:ident, $op:ident, $($x:ident),*) => {
        B($self.value(Op::$op, $self.types.truth, vec![$(Operand::IdRef($x.0)),*]))
    };
}

operations! {
    add(a, b): F -> F = FAdd exact;
    sub(a, b): F -> F = FSub exact;
    mul(a, b): F -> F = FMul exact;
    div(a, b): F -> F = FDiv exact;
    neg(a): F -> F = FNegate exact;
    /// False where either is NaN, as are the next three.
    below(a, b): F -> B = FOrdLessThan truth;
    at_most(a, b): F -> B = FOrdLessThanEqual truth;
    same(a, b): F -> B = FOrdEqual truth;
    /// Ordered and not the same.
    differs(a, b): F -> B = FOrdNotEqual truth;
    iadd(a, b): U -> U = IAdd plain;
    isub(a, b): U -> U = ISub plain;
    imul(a, b): U -> U = IMul plain;
    and(a, b): U -> U = BitwiseAnd plain;
    shift_left(a, b): U -> U = ShiftLeftLogical plain;
    shift_right(a, b): U -> U = ShiftRightLogical plain;
    less(a, b): U -> B = ULessThan truth;
    equal(a, b): U -> B = IEqual truth;
    both(a, b): B -> B = LogicalAnd truth;
    either(a, b): B -> B = LogicalOr truth;
    not(a): B -> B = LogicalNot truth;
}

/// The words that a dispatch hands over: the variable, and the type of a pointer to one of them.
fn parameters(b: &mut Builder, word: Word) -> (Word, Word) {
    let structure = b.type_struct(vec![word; WORDS as usize]);
    b.decorate(structure, Decoration::Block, []);
    for i in 0..WORDS {
        b.member_decorate(structure, i, Decoration::Offset, [Operand::LiteralBit32(4 * i)]);
    }
    let whole = b.type_pointer(None, StorageClass::PushConstant, structure);
    let variable = b.variable(whole, None, StorageClass::PushConstant, None);
    (variable, b.type_pointer(None, StorageClass::PushConstant, word))
}

/// A vector of three words that the device sets.
fn builtin(b: &mut Builder, word: Word, which: BuiltIn) -> Word {
    let vector = b.type_vector(word, 3);
    let pointer = b.type_pointer(None, StorageClass::Input, vector);
    let variable = b.variable(pointer, None, StorageClass::Input, None);
    b.decorate(variable, Decoration::BuiltIn, [Operand::BuiltIn(which)]);
    variable
}
