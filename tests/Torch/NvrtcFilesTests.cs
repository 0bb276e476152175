using Locutor.Torch.Cuda;

namespace Locutor.Torch.Tests;

/// <summary>How NVRTC is found among the libraries of PyTorch and libtorch, whose names differ.</summary>
public sealed class NvrtcFilesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-nvrtc-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("libnvrtc-b51b459d.so.12", "libnvrtc-builtins-2dc4bf68.so.12.8")]
    [InlineData("libnvrtc.so.12", "libnvrtc-builtins.so.12.8")]
    [InlineData("cuda_nvrtc/lib/libnvrtc.so.12", "cuda_nvrtc/lib/libnvrtc-builtins.so.12.8")]
    public void The_compiler_is_found_by_its_plain_name_and_by_one_with_a_hash(string compiler, string builtins)
    {
        foreach (string name in new[] { compiler, builtins, "libnvrtc.alt.so.12", "libcudart-9335f6a2.so.12" })
        {
            string file = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, []);
        }
        Nvrtc.FilesIn(folder).ShouldBe([Path.Combine(folder, compiler)]);
    }
}
