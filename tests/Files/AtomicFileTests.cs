namespace Locutor.Files.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locutor-atomic-").FullName;

    private string Target => Path.Combine(folder, "file.bin");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_has_its_name_only_when_it_is_complete(bool durable)
    {
        File.WriteAllBytes(Target, [1]);
        using (var file = AtomicFile.Create(Target))
        {
            using (var stream = file.Open()) stream.Write([2, 3]);
            File.ReadAllBytes(Target).ShouldBe([1]);
            Path.GetDirectoryName(file.Path).ShouldBe(folder, "a rename is atomic only within a file system");
            file.Commit(durable);
        }

        File.ReadAllBytes(Target).ShouldBe([2, 3]);
        Directory.GetFiles(folder).ShouldBe([Target]);
    }

    [Fact]
    public void A_file_that_is_not_committed_leaves_nothing()
    {
        Should.Throw<InvalidDataException>(() =>
        {
            using var file = AtomicFile.Create(Target);
            using (var stream = file.Open()) stream.Write([2, 3]);
            throw new InvalidDataException();
        });

        Directory.GetFiles(folder).ShouldBeEmpty();
    }

    [Fact]
    public void An_existing_file_is_kept_if_it_must_not_be_replaced()
    {
        File.WriteAllBytes(Target, [1]);
        using (var file = AtomicFile.Create(Target)) Should.Throw<IOException>(() => file.Commit(overwrite: false));

        File.ReadAllBytes(Target).ShouldBe([1]);
        Directory.GetFiles(folder).ShouldBe([Target]);
    }

    [Fact]
    public void One_of_many_writers_gets_a_name_that_must_be_free()
    {
        const int writers = 4;
        for (int round = 0; round < 50; round++)
        {
            string target = Path.Combine(folder, $"{round}.bin");
            using var together = new Barrier(writers);
            bool[] written = new bool[writers];
            Thread[] threads = [.. Enumerable.Range(0, writers).Select(writer => new Thread(() =>
            {
                using var file = AtomicFile.Create(target);
                using (var stream = file.Open()) stream.WriteByte((byte)writer);
                together.SignalAndWait();
                try
                {
                    file.Commit(overwrite: false);
                    written[writer] = true;
                }
                catch (IOException)
                {
                }
            }))];
            foreach (var thread in threads) thread.Start();
            foreach (var thread in threads) thread.Join();
            written.Count(one => one).ShouldBe(1, $"round {round}");
            written[File.ReadAllBytes(target).Single()].ShouldBeTrue();
        }
    }

    [Fact]
    public void A_copy_that_fails_leaves_the_old_file()
    {
        string source = Path.Combine(folder, "source.bin");
        File.WriteAllBytes(source, [2, 3]);
        File.WriteAllBytes(Target, [1]);

        using (var failed = AtomicFile.Create(Target))
        {
            Should.Throw<FileNotFoundException>(() => failed.CopyFrom(source + ".missing"));
            File.ReadAllBytes(Target).ShouldBe([1]);
        }

        using (var copy = AtomicFile.Create(Target))
        {
            copy.CopyFrom(source);
            copy.Commit();
        }

        File.ReadAllBytes(Target).ShouldBe([2, 3]);
        Directory.GetFiles(folder).Order().ShouldBe([Target, source]);
    }

    [Fact]
    public void Two_writers_of_one_file_do_not_disturb_each_other()
    {
        using var first = AtomicFile.Create(Target);
        using var second = AtomicFile.Create(Target);
        using (var stream = first.Open()) stream.Write([1, 1]);
        using (var stream = second.Open()) stream.Write([2]);
        second.Commit();
        first.Commit();

        File.ReadAllBytes(Target).ShouldBe([1, 1]);
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_found_at_once() =>
        Should.Throw<DirectoryNotFoundException>(() => AtomicFile.Create(Path.Combine(folder, "nowhere", "file.bin")));

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void A_replaced_file_keeps_its_permissions_and_a_new_one_gets_those_that_are_asked_for()
    {
        const UnixFileMode Shared = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
            Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.WriteAllBytes(Target, [1]);
        File.SetUnixFileMode(Target, Shared);
        AtomicFile.Write(Target, [2]);
        File.GetUnixFileMode(Target).ShouldBe(Shared);

        string secret = Path.Combine(folder, "secret");
        using (var file = AtomicFile.Create(secret, Own))
        {
            File.GetUnixFileMode(file.Path).ShouldBe(Own);
            file.Commit(durable: true, overwrite: false);
        }

        File.GetUnixFileMode(secret).ShouldBe(Own);
    }
}
