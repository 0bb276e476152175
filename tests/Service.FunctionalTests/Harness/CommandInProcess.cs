using System.Text;
using Locutor.Cli;
using Microsoft.Data.Sqlite;

namespace Locutor.Service.FunctionalTests.Harness;

/// <summary>
/// Runs commands of the program inside the test program, for tests of what a command says: the start of a process takes a second of CPU
/// time. Commands may run at the same time; what each prints is kept apart.
/// </summary>
internal static class CommandInProcess
{
    private static readonly AsyncLocal<Printed?> Current = new();

    static CommandInProcess()
    {
        Console.SetOut(new PerCommand(Console.Out, printed => printed.Output));
        Console.SetError(new PerCommand(Console.Error, printed => printed.Error));
    }

    /// <summary>Runs a command line with the stub generator and returns the exit code and what the command printed.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(string[] arguments)
    {
        var printed = new Printed(new StringWriter(), new StringWriter());
        Current.Value = printed;
        int code = await LocutorProgram.RunAsync(arguments, StubMaking.Create(seconds: 1));
        SqliteConnection.ClearAllPools(); // as the end of a process would
        return (code, printed.Output.ToString(), printed.Error.ToString());
    }

    private sealed record Printed(StringWriter Output, StringWriter Error);

    /// <summary>Writes to the command in whose execution context it is called, or to the test program's own stream.</summary>
    private sealed class PerCommand(TextWriter own, Func<Printed, TextWriter> choose) : TextWriter
    {
        public override Encoding Encoding => own.Encoding;

        private TextWriter Target => Current.Value is { } printed ? choose(printed) : own;

        public override void Write(char value) => Target.Write(value);

        public override void Write(string? value) => Target.Write(value);

        public override void Write(char[] buffer, int index, int count) => Target.Write(buffer, index, count);

        public override void Flush() => Target.Flush();
    }
}
