//! scratch
#![allow(clippy::print_stdout, clippy::unwrap_used)]
use echoes_benches::{time_once, uniform};
use echoes_kernel::{Block, Column, Partial};
use echoes_stats::partials::*;
fn main() {
    let n = 2048 * 48;
    let x = uniform(n);
    let go = |name: &str, f: &mut dyn FnMut()| {
        let t = (0..101).map(|_| time_once(&mut *f)).min().unwrap();
        println!("{name}: {:.1} ns/block", t.as_nanos() as f64 / 48.0);
    };
    fn each<P: Partial>(p: &mut P, x: &[f64]) {
        for (i, b) in x.chunks(2048).enumerate() {
            p.absorb(&Block::new(&[Column::of(b)], (i * 2048) as u64));
        }
        std::hint::black_box(p);
    }
    go("sum", &mut || each(&mut Sum::begin(&()), &x));
    go("moments1", &mut || each(&mut Moments::begin(&Order::First), &x));
    go("moments2", &mut || each(&mut Moments::begin(&Order::Second), &x));
    go("moments4", &mut || each(&mut Moments::begin(&Order::Fourth), &x));
    go("extrema", &mut || each(&mut Extrema::begin(&()), &x));
    go("both", &mut || each(&mut <(Moments, Extrema)>::begin(&(Order::Fourth, ())), &x));
    go("empty", &mut || each(&mut Count::begin(&()), &x));
    let y = &x[..2048];
    let go1 = |name: &str, f: &mut dyn FnMut()| {
        let t = (0..101).map(|_| time_once(&mut *f)).min().unwrap();
        println!("L1 {name}: {:.1} ns/block", t.as_nanos() as f64);
    };
    let mut m = Moments::begin(&Order::Fourth);
    go1("moments4", &mut || m.absorb(&Block::new(&[Column::of(y)], 0)));
    let mut m = Moments::begin(&Order::First);
    go1("moments1", &mut || m.absorb(&Block::new(&[Column::of(y)], 0)));
    let mut m = Extrema::begin(&());
    go1("extrema", &mut || m.absorb(&Block::new(&[Column::of(y)], 0)));
    let e = echoes_engine::Engine::new();
    let k = echoes_stats::kernels::descriptive::Mean {};
    for n in [1, 32, 2048, 4096, 6144] {
        let z = &x[..n];
        go1(&format!("mean {n}"), &mut || {
            std::hint::black_box(e.run(&k, z)).unwrap();
        });
    }
    let z = &x[..10000];
    let mut m = Moments::begin(&Order::First);
    go1("absorb 10k", &mut || each(&mut m, z));
    go1("mean 10k", &mut || {
        std::hint::black_box(e.run(&k, z)).unwrap();
    });
}
