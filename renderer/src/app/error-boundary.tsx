import { Component, type ErrorInfo, type ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';

/** A fault in one area must not take the others with it. React offers this only as a class. */
export class ErrorBoundary extends Component<
  { name: string; children: ReactNode },
  { error: Error | undefined }
> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override componentDidCatch(error: Error, info: ErrorInfo) {
    reportError(
      new Error(`${this.props.name}: ${error.message}${info.componentStack ?? ''}`, { cause: error }),
    );
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <EmptyState
        icon="alert"
        title={`${this.props.name} met a fault of its own`}
        actions={<Button onPress={() => this.setState({ error: undefined })}>Show it again</Button>}
      >
        <p>Ballast goes on balancing; only this part of the window is affected.</p>
        <code>{error.message}</code>
      </EmptyState>
    );
  }
}
