namespace Locutor.Files.Tests;

public sealed class TemporaryFolderTests
{
    [Fact]
    public void A_folder_is_private_and_ends_with_its_files()
    {
        string path;
        using (var parent = TemporaryFolder.Create())
        {
            using (var folder = TemporaryFolder.Create(parent.Path, ".drawn-"))
            {
                path = folder.Path;
                Path.GetDirectoryName(path).ShouldBe(parent.Path);
                Path.GetFileName(path).ShouldStartWith(".drawn-");
                if (!OperatingSystem.IsWindows())
                    File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                Directory.CreateDirectory(Path.Combine(path, "inner"));
                File.WriteAllText(Path.Combine(path, "inner", "file"), "content");
            }

            Directory.Exists(path).ShouldBeFalse();
            Directory.Exists(parent.Path).ShouldBeTrue();
            path = parent.Path;
        }

        Directory.Exists(path).ShouldBeFalse();
    }

    [Fact]
    public void A_parent_that_does_not_exist_is_created_too()
    {
        using var parent = TemporaryFolder.Create();
        using var folder = TemporaryFolder.Create(Path.Combine(parent.Path, "new"));

        Directory.Exists(folder.Path).ShouldBeTrue();
    }
}
