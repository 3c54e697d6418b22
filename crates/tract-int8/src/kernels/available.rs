//! The kernels by processor.

use super::kernel::Kernel;
use super::scalar::Scalar;
#[cfg(target_arch = "x86_64")]
use super::{avx_vnni, avx2, vnni};
#[cfg(target_arch = "aarch64")]
use super::{neon, sdot};

/// The fastest kernel that this processor can run.
pub fn fastest() -> &'static dyn Kernel {
    available().first().copied().unwrap_or(&Scalar)
}

/// Every kernel that this processor can run, the fastest first, the scalar one last.
pub fn available() -> Vec<&'static dyn Kernel> {
    let mut kernels: Vec<&'static dyn Kernel> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let known: [(bool, &'static dyn Kernel); 3] = [
            (vnni::Avx512Vnni::is_available(), &vnni::Avx512Vnni),
            (avx_vnni::AvxVnni::is_available(), &avx_vnni::AvxVnni),
            (avx2::Avx2::is_available(), &avx2::Avx2),
        ];
        kernels.extend(known.iter().filter(|(available, _)| *available).map(|(_, kernel)| *kernel));
    }
    #[cfg(target_arch = "aarch64")]
    {
        let dotprod: Option<&'static dyn Kernel> =
            sdot::NeonDotprod::is_available().then_some(&sdot::NeonDotprod);
        kernels.extend(dotprod);
        kernels.push(&neon::Neon);
    }
    kernels.push(&Scalar);
    kernels
}
