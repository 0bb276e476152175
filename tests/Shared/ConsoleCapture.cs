using System.Text;

namespace Locutor.Tests;

/// <summary>
/// Runs commands of the program inside the test program, because the start of a process takes a second of CPU time. Commands may run at the
/// same time: what each of them prints is kept apart.
/// </summary>
public static class ConsoleCapture
{
    private static readonly AsyncLocal<Printed?> Current = new();

    static ConsoleCapture()
    {
        Console.SetOut(new PerCommand(Console.Out, printed => printed.Output));
        Console.SetError(new PerCommand(Console.Error, printed => printed.Error));
    }

    /// <summary>Runs a command and returns its exit code and what it printed.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(Func<Task<int>> command)
    {
        var printed = new Printed(new StringWriter(), new StringWriter());
        Current.Value = printed;
        int code = await command();
        return (code, printed.Output.ToString(), printed.Error.ToString());
    }

    private sealed record Printed(StringWriter Output, StringWriter Error);

    /// <summary>Writes to the command that calls it; outside of commands, to the stream of the test program.</summary>
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
